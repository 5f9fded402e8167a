use super::*;
use crate::wire::device::{DEVICE_TYPE, Device, SERVICES as OURS};

const OWN: Device<'static> = Device {
    manufacturer: "rill",
    model_name: "rill",
    samsung: None,
    udn: "uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab",
    friendly_name: "A&B <\"x\"> caf\u{e9}",
    model_number: "0.1.0",
    presentation_url: Some("/"),
    config_id: Some(1),
};

/// A router in the style of UDA 1.0: a base, blanks, a device inside the device.
const ROUTER: &str = "<?xml version='1.0'?>\n<root xmlns='urn:schemas-upnp-org:device-1-0'>\
    <specVersion><major>1</major><minor>0</minor></specVersion>\n<URLBase> http://192.168.1.1:49000/ </URLBase>\
    <device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>\
    <friendlyName>\n  Box 7\n</friendlyName><modelName>Box</modelName><UDN>uuid:1</UDN>\
    <iconList><icon><url>/i.png</url></icon></iconList>\
    <serviceList><service><serviceType>a:service:L3:1</serviceType><controlURL>l3</controlURL></service></serviceList>\
    <deviceList><device><friendlyName>inner</friendlyName><UDN>uuid:2</UDN><x:y>no prefix</x:y><serviceList>\
    <service><serviceType>a:service:WAN:1</serviceType><controlURL>/wan</controlURL><controlURL>/2</controlURL></service>\
    </serviceList></device></deviceList></device></root>";

fn parse(document: &str) -> Result<Description, Error> {
    Description::parse(document.as_bytes())
}

#[test]
fn what_is_written_is_read_back() {
    let read = Description::parse(&OWN.write()).unwrap();
    assert_eq!(
        (&*read.udn, &*read.friendly_name, &*read.model_number),
        (OWN.udn, OWN.friendly_name, OWN.model_number)
    );
    assert_eq!(
        (
            &*read.device_type,
            &*read.model_name,
            &*read.manufacturer,
            &*read.url_base
        ),
        (DEVICE_TYPE, "rill", "rill", "")
    );
    let services: Vec<_> = read
        .services
        .iter()
        .map(|service| (&*service.service_type, &*service.control_url))
        .collect();
    let ours = OURS.map(|service| (service.service_type, service.control_path));
    assert_eq!(services, ours);
}

#[test]
fn a_device_inside_a_device_lends_its_services_and_not_its_name() {
    let read = parse(ROUTER).unwrap();
    assert_eq!((&*read.friendly_name, &*read.udn), ("Box 7", "uuid:1"));
    assert_eq!(read.url_base, "http://192.168.1.1:49000/");
    let controls: Vec<_> = read.services.iter().map(|s| &*s.control_url).collect();
    assert_eq!(controls, ["l3", "/wan"]);
}

#[test]
fn every_prefix_is_refused() {
    for end in 0..ROUTER.len() {
        let result = parse(&ROUTER[..end]);
        assert!(matches!(result, Err(Error::Xml(_))), "{end}: {result:?}");
    }
}

#[test]
fn what_is_no_description_is_refused() {
    for bad in [
        "<root/>",
        "<device/>",
        "<html><body/></html>",
        "<a><root><device/></root></a>",
    ] {
        assert_eq!(parse(bad), Err(Error::NoDevice), "{bad}");
    }
    assert_eq!(parse("<root><device/></root>"), Ok(Description::default()));
}

#[test]
fn entities_are_never_defined_nor_expanded() {
    let bomb = "<?xml version='1.0'?><!DOCTYPE root [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>\
        <root><device><friendlyName>&b;</friendlyName></device></root>";
    let outside = "<!DOCTYPE root SYSTEM 'file:///etc/passwd'><root><device/></root>";
    let undefined = "<root><device><friendlyName>&b;</friendlyName></device></root>";
    for bad in [bomb, outside, undefined] {
        assert_eq!(parse(bad), Err(Error::Xml(read::Error::DocumentType)));
    }
}

#[test]
fn texts_and_lists_without_end_are_cut() {
    let long = "\u{97f3}".repeat(100_000);
    let service = format!("<service><controlURL>/{long}</controlURL></service>");
    let document = format!(
        "<root><device><friendlyName>{long}</friendlyName>{}</device></root>",
        service.repeat(40)
    );
    let read = parse(&document).unwrap();
    assert_eq!(read.friendly_name.len(), 255);
    assert_eq!(read.services, vec![Service::default(); SERVICES]);
    // In pieces too.
    let pieces = "a<!-- -->".repeat(5000);
    let read = parse(&format!(
        "<root><device><UDN>{pieces}</UDN></device></root>"
    ))
    .unwrap();
    assert_eq!(read.udn.len(), NAME_BYTES);
}
