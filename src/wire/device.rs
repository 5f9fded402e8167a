//! The device description (UDA 1.0 §2.1, MediaServer:1 §2, with DLNA's `X_DLNADOC`).
//!
//! It is written in the form of UDA 1.0, which every control point reads, old ones only that. There is no `URLBase`:
//! all URLs are relative, so the one text is right on every interface.

pub mod read;

use super::scpd::{self, Scpd};
use super::xml::write::Document;

/// `deviceType`, also an SSDP target.
pub const DEVICE_TYPE: &str = "urn:schemas-upnp-org:device:MediaServer:1";
/// Where the description lies.
pub const DESCRIPTION_PATH: &str = "/description.xml";
/// Maker and model.
pub const MODEL_NAME: &str = "rill";

const MODEL_DESCRIPTION: &str = "DLNA / UPnP AV media server";
/// Characters that UDA 1.0 §2.1 allows in a name (under 64).
const NAME_CHARS: usize = 63;
/// Characters that UDA 1.0 §2.1 allows in a model number (under 32).
const NUMBER_CHARS: usize = 31;

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceName {
    /// `ContentDirectory:1`
    ContentDirectory,
    /// `ConnectionManager:1`
    ConnectionManager,
    /// `X_MS_MediaReceiverRegistrar:1`
    Registrar,
}

/// A service: its names, where it is found, what it can do.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Which one.
    pub name: ServiceName,
    /// `serviceType`, also an SSDP target and the namespace of its actions.
    pub service_type: &'static str,
    /// `serviceId`
    pub service_id: &'static str,
    /// `SCPDURL`
    pub scpd_path: &'static str,
    /// `controlURL`
    pub control_path: &'static str,
    /// `eventSubURL`
    pub event_path: &'static str,
    /// Its actions and state variables.
    pub scpd: &'static Scpd,
}

/// The services, in the order of the description. Routes, SSDP and the description all read this table.
pub const SERVICES: [Service; 3] = [
    Service {
        name: ServiceName::ContentDirectory,
        service_type: "urn:schemas-upnp-org:service:ContentDirectory:1",
        service_id: "urn:upnp-org:serviceId:ContentDirectory",
        scpd_path: "/scpd/ContentDirectory.xml",
        control_path: "/control/ContentDirectory",
        event_path: "/event/ContentDirectory",
        scpd: &scpd::CONTENT_DIRECTORY,
    },
    Service {
        name: ServiceName::ConnectionManager,
        service_type: "urn:schemas-upnp-org:service:ConnectionManager:1",
        service_id: "urn:upnp-org:serviceId:ConnectionManager",
        scpd_path: "/scpd/ConnectionManager.xml",
        control_path: "/control/ConnectionManager",
        event_path: "/event/ConnectionManager",
        scpd: &scpd::CONNECTION_MANAGER,
    },
    Service {
        name: ServiceName::Registrar,
        service_type: "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
        service_id: "urn:microsoft.com:serviceId:X_MS_MediaReceiverRegistrar",
        scpd_path: "/scpd/X_MS_MediaReceiverRegistrar.xml",
        control_path: "/control/X_MS_MediaReceiverRegistrar",
        event_path: "/event/X_MS_MediaReceiverRegistrar",
        scpd: &scpd::REGISTRAR,
    },
];

/// A picture of the server, square, 24 bits deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icon {
    /// Its media type.
    pub mime: &'static str,
    /// Width and height, pixels.
    pub pixels: &'static str,
    /// Where it lies.
    pub path: &'static str,
}

/// The pictures that the DLNA Guidelines ask for: PNG and JPEG, 48 and 120 pixels.
pub const ICONS: [Icon; 4] = [
    Icon {
        mime: "image/png",
        pixels: "48",
        path: "/icon/48.png",
    },
    Icon {
        mime: "image/png",
        pixels: "120",
        path: "/icon/120.png",
    },
    Icon {
        mime: "image/jpeg",
        pixels: "48",
        path: "/icon/48.jpg",
    },
    Icon {
        mime: "image/jpeg",
        pixels: "120",
        path: "/icon/120.jpg",
    },
];

/// What differs between one rill and another.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// `uuid:` and the UUID.
    pub udn: &'a str,
    /// The name that people see; cut after 63 characters.
    pub friendly_name: &'a str,
    /// The maker.
    pub manufacturer: &'a str,
    /// The model.
    pub model_name: &'a str,
    /// The version; cut after 31 characters.
    pub model_number: &'a str,
    /// `sec:ProductCap`: what Samsung televisions are told, and they alone.
    pub samsung: Option<&'a str>,
    /// The web page: a path, or a whole URL.
    pub presentation_url: Option<&'a str>,
    /// The number that SSDP announces as `CONFIGID.UPNP.ORG` (UDA 1.1 §2.3).
    pub config_id: Option<u32>,
}

impl Device<'_> {
    /// The document that a control point reads.
    pub fn write(&self) -> Vec<u8> {
        let namespace = ("xmlns", "urn:schemas-upnp-org:device-1-0");
        let config_id = self.config_id.map(|id| id.to_string());
        let attributes = match &config_id {
            Some(id) => &[namespace, ("configId", id)][..],
            None => &[namespace],
        };
        Document::whole("root", attributes, |root| {
            root.element("specVersion", &[], |version| {
                version.leaf("major", "1");
                version.leaf("minor", "0");
            });
            root.element("device", &[], |device| self.write_device(device));
        })
    }

    /// The order is that of UDA 1.0 §2.1; some old control points rely on it.
    fn write_device(&self, device: &mut Document) {
        device.leaf("deviceType", DEVICE_TYPE);
        device.leaf("friendlyName", cut(self.friendly_name, NAME_CHARS));
        device.leaf("manufacturer", self.manufacturer);
        device.leaf("modelDescription", MODEL_DESCRIPTION);
        device.leaf("modelName", self.model_name);
        device.leaf("modelNumber", cut(self.model_number, NUMBER_CHARS));
        let serial = self.udn.strip_prefix("uuid:").unwrap_or(self.udn);
        device.leaf("serialNumber", cut(serial, NAME_CHARS));
        device.leaf("UDN", self.udn);
        let dlna = [("xmlns:dlna", "urn:schemas-dlna-org:device-1-0")];
        device.element("dlna:X_DLNADOC", &dlna, |doc| doc.text("DMS-1.50"));
        if let Some(capabilities) = self.samsung {
            device.element("dlna:X_DLNADOC", &dlna, |doc| doc.text("M-DMS-1.50"));
            let sec = [("xmlns:sec", "http://www.sec.co.kr/dlna")];
            for name in ["sec:ProductCap", "sec:X_ProductCap"] {
                device.element(name, &sec, |element| element.text(capabilities));
            }
        }
        device.element("iconList", &[], |list| {
            for icon in ICONS {
                icon.write(list);
            }
        });
        device.element("serviceList", &[], |list| {
            for service in SERVICES {
                service.write(list);
            }
        });
        if let Some(url) = self.presentation_url {
            device.leaf("presentationURL", url);
        }
    }
}

impl Icon {
    fn write(&self, list: &mut Document) {
        list.element("icon", &[], |icon| {
            icon.leaf("mimetype", self.mime);
            icon.leaf("width", self.pixels);
            icon.leaf("height", self.pixels);
            icon.leaf("depth", "24");
            icon.leaf("url", self.path);
        });
    }
}

impl Service {
    fn write(&self, list: &mut Document) {
        list.element("service", &[], |service| {
            service.leaf("serviceType", self.service_type);
            service.leaf("serviceId", self.service_id);
            service.leaf("SCPDURL", self.scpd_path);
            service.leaf("controlURL", self.control_path);
            service.leaf("eventSubURL", self.event_path);
        });
    }
}

/// At most the first `chars` characters.
fn cut(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Device<'static> = Device {
        udn: "uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab",
        friendly_name: "A&B <\"x\"> caf\u{e9} '\u{97f3}'",
        manufacturer: MODEL_NAME,
        model_name: MODEL_NAME,
        model_number: "0.1.0",
        samsung: None,
        presentation_url: Some("/"),
        config_id: None,
    };

    fn text(device: Device<'_>) -> String {
        String::from_utf8(device.write()).unwrap()
    }

    #[test]
    fn description_has_this_text() {
        let icon = |kind, pixels, end| {
            format!(
                "<icon><mimetype>image/{kind}</mimetype><width>{pixels}</width><height>{pixels}</height>\
                 <depth>24</depth><url>/icon/{pixels}.{end}</url></icon>"
            )
        };
        let service = |of, id, name| {
            format!(
                "<service><serviceType>{of}:service:{name}:1</serviceType><serviceId>{id}:serviceId:{name}</serviceId>\
                 <SCPDURL>/scpd/{name}.xml</SCPDURL><controlURL>/control/{name}</controlURL>\
                 <eventSubURL>/event/{name}</eventSubURL></service>"
            )
        };
        let wanted = [
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\">",
            "<specVersion><major>1</major><minor>0</minor></specVersion><device>",
            "<deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>",
            "<friendlyName>A&amp;B &lt;&quot;x&quot;&gt; caf\u{e9} '\u{97f3}'</friendlyName>",
            "<manufacturer>rill</manufacturer><modelDescription>DLNA / UPnP AV media server</modelDescription>",
            "<modelName>rill</modelName><modelNumber>0.1.0</modelNumber>",
            "<serialNumber>6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab</serialNumber>",
            "<UDN>uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab</UDN>",
            "<dlna:X_DLNADOC xmlns:dlna=\"urn:schemas-dlna-org:device-1-0\">DMS-1.50</dlna:X_DLNADOC>",
            "<iconList>",
            &icon("png", 48, "png"),
            &icon("png", 120, "png"),
            &icon("jpeg", 48, "jpg"),
            &icon("jpeg", 120, "jpg"),
            "</iconList><serviceList>",
            &service("urn:schemas-upnp-org", "urn:upnp-org", "ContentDirectory"),
            &service("urn:schemas-upnp-org", "urn:upnp-org", "ConnectionManager"),
            &service(
                "urn:microsoft.com",
                "urn:microsoft.com",
                "X_MS_MediaReceiverRegistrar",
            ),
            "</serviceList><presentationURL>/</presentationURL></device></root>",
        ];
        assert_eq!(text(DEVICE), wanted.concat());
    }

    #[test]
    fn config_id_and_presentation_are_optional() {
        let with = text(Device {
            config_id: Some(7),
            presentation_url: None,
            ..DEVICE
        });
        assert!(with.contains("<root xmlns=\"urn:schemas-upnp-org:device-1-0\" configId=\"7\">"));
        assert!(!with.contains("presentationURL"));
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let long = "\u{97f3}".repeat(64);
        let device = Device {
            friendly_name: &long,
            model_number: &"9".repeat(40),
            ..DEVICE
        };
        let cut = text(device);
        assert!(cut.contains(&format!(
            "<friendlyName>{}</friendlyName>",
            "\u{97f3}".repeat(63)
        )));
        assert!(cut.contains(&format!("<modelNumber>{}</modelNumber>", "9".repeat(31))));
    }
}
