use super::*;

const TV: &str = "10.0.0.7";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A network whose time is ours.
#[derive(Default)]
struct Simulation {
    table: Table,
    now: Duration,
}

impl Simulation {
    fn says(&mut self, from: &str, datagram: &str) {
        let notice = Notice::parse(datagram.as_bytes()).unwrap();
        // `address` or `address%link`; the link is 2 where nothing is said.
        let (address, link) = from.split_once('%').unwrap_or((from, "2"));
        let from = Sender {
            address: address.parse().unwrap(),
            interface: link.parse().unwrap(),
        };
        self.table.hear(self.now, from, &notice);
    }

    fn alive(&mut self, from: &str, uuid: &str, location: &str, max_age: u32) {
        self.says(
            from,
            &format!(
                "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: {uuid}::upnp:rootdevice\r\n\
                 LOCATION: {location}\r\nCACHE-CONTROL: max-age={max_age}\r\n\r\n"
            ),
        );
    }

    fn byebye(&mut self, from: &str, uuid: &str) {
        self.says(
            from,
            &format!("NOTIFY * HTTP/1.1\r\nNT: x\r\nNTS: ssdp:byebye\r\nUSN: {uuid}::x\r\n\r\n"),
        );
    }

    /// The number and URL of every description that is asked for.
    fn questions(&mut self) -> Vec<(u64, String)> {
        std::iter::from_fn(|| self.table.question())
            .map(|(number, url)| (number, url.to_string()))
            .collect()
    }

    /// Answers every question with a device of this UDN, named after it.
    fn describe(&mut self, udn: &str) {
        for (number, _) in self.questions() {
            let description = Description {
                udn: udn.into(),
                friendly_name: format!("name of {udn}"),
                ..Description::default()
            };
            self.table.described(number, Ok(description));
        }
    }

    /// `+name` and `-name`; what has no description is told by its trouble.
    fn changes(&mut self) -> Vec<String> {
        let name = |found: Found| match found.description {
            Ok(description) => description.friendly_name,
            Err(trouble) => trouble,
        };
        std::iter::from_fn(|| self.table.change())
            .map(|change| match change {
                Change::Appeared(found) => format!("+{}", name(found)),
                Change::Gone(found) => format!("-{}", name(found)),
                Change::ServiceAppeared(service) => format!("+{} {}", service.name, service.kind),
                Change::ServiceGone(service) => format!("-{} {}", service.name, service.port),
            })
            .collect()
    }
}

#[test]
fn a_device_appears_when_its_description_is_there_and_goes_with_its_goodbye() {
    let mut net = Simulation::default();
    net.alive(TV, "uuid:1", "http://10.0.0.7:80/d", 1800);
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    assert_eq!(net.changes(), [""; 0]);
    assert_eq!(net.questions(), [(1, "http://10.0.0.7:80/d".to_owned())]);
    net.table.described(1, Ok(Description::default()));
    net.table.described(1, Ok(Description::default()));
    assert_eq!(net.changes(), ["+"]);
    net.byebye(TV, "uuid:1");
    net.byebye(TV, "uuid:1");
    assert_eq!(net.changes(), ["-"]);
    assert_eq!(net.table.rows().len(), 0);
    // It comes back.
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    net.describe("uuid:1");
    assert_eq!(net.changes(), ["+name of uuid:1"]);
}

#[test]
fn a_device_that_is_not_heard_of_goes_when_its_time_is_over() {
    let mut net = Simulation::default();
    assert_eq!(net.table.wake_at(), None);
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 100);
    net.describe("uuid:1");
    net.changes();
    assert_eq!(net.table.wake_at(), Some(secs(100)));
    net.now = secs(60);
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 100);
    assert_eq!(net.table.wake_at(), Some(secs(160)));
    net.table.expire(secs(159));
    assert_eq!(net.changes(), [""; 0]);
    net.table.expire(secs(160));
    assert_eq!(net.changes(), ["-name of uuid:1"]);
    // Odd times are brought into bounds.
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 0);
    assert_eq!(net.table.wake_at(), Some(secs(90)));
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", u32::MAX);
    assert_eq!(net.table.wake_at(), Some(secs(60 + 86_400)));
}

#[test]
fn one_that_goes_before_it_was_told_of_is_never_told_of() {
    let mut net = Simulation::default();
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 100);
    net.byebye(TV, "uuid:1");
    net.describe("uuid:1");
    assert_eq!(net.changes(), [""; 0]);
}

#[test]
fn a_location_elsewhere_is_never_followed() {
    let mut net = Simulation::default();
    for location in [
        "http://10.0.0.8/d",
        "http://localhost/d",
        "http://10.0.0.7.example/d",
        "http://10.0.0.7@10.0.0.8/d",
        "https://10.0.0.7/d",
        "http://[::ffff:10.0.0.7]/d",
        "file:///etc/passwd",
        "",
    ] {
        net.alive(TV, "uuid:1", location, 1800);
    }
    assert_eq!(net.questions(), []);
    assert_eq!(net.table.rows().len(), 0);
    assert_eq!(
        net.table.ignored().unwrap(),
        "8 messages pointed to another address than their sender's"
    );
}

#[test]
fn nobody_says_goodbye_for_another() {
    let mut net = Simulation::default();
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    net.describe("uuid:1");
    net.byebye("10.0.0.8", "uuid:1");
    assert_eq!(net.changes(), ["+name of uuid:1"]);
    assert_eq!(net.table.rows().len(), 1);
}

#[test]
fn devices_inside_a_device_are_part_of_its_row() {
    let mut net = Simulation::default();
    for n in 0..20 {
        net.alive(TV, &format!("uuid:{n}"), "http://10.0.0.7/d", 1800);
    }
    assert_eq!(net.questions().len(), 1);
    net.table.described(
        1,
        Ok(Description {
            udn: "uuid:0".into(),
            ..Description::default()
        }),
    );
    net.byebye(TV, "uuid:5");
    assert_eq!(net.changes(), ["+"]);
    net.byebye(TV, "uuid:0");
    assert_eq!(net.changes(), ["-"]);
}

#[test]
fn a_device_that_moves_to_another_port_is_asked_again_and_stays_one_row() {
    let mut net = Simulation::default();
    net.alive(TV, "uuid:1", "http://10.0.0.7:80/d", 1800);
    net.describe("uuid:1");
    net.alive(TV, "uuid:1", "http://10.0.0.7:81/d", 1800);
    assert_eq!(net.questions(), [(2, "http://10.0.0.7:81/d".to_owned())]);
    net.table.described(2, Ok(Description::default()));
    assert_eq!(net.changes(), ["+name of uuid:1"]);
    assert_eq!(net.table.rows().len(), 1);
}

#[test]
fn a_device_without_a_description_is_told_of_and_asked_again_later() {
    let mut net = Simulation::default();
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    let first = net.questions();
    net.table.described(first[0].0, Err("slow".into()));
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    assert_eq!(net.questions(), []);
    net.now = secs(5);
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    let second = net.questions();
    net.table.described(second[0].0, Err("slow".into()));
    net.now = secs(10);
    net.alive(TV, "uuid:1", "http://10.0.0.7/d", 1800);
    net.describe("uuid:1");
    assert_eq!(net.changes(), ["+slow", "+name of uuid:1"]);
}

#[test]
fn liars_fill_neither_the_table_nor_the_queue() {
    let mut net = Simulation::default();
    for n in 0..10_000 {
        net.alive(
            TV,
            &format!("uuid:{n}"),
            &format!("http://10.0.0.7/{n}"),
            1800,
        );
    }
    assert_eq!(net.table.rows().len(), limits::DEVICES_PER_PEER);
    assert_eq!(net.questions().len(), limits::DEVICES_PER_PEER);
    for n in 0..10_000_u32 {
        let from = IpAddr::from((0x0A01_0000 + n).to_be_bytes()).to_string();
        net.alive(&from, "uuid:x", &format!("http://{from}/"), 1800);
    }
    assert_eq!(net.table.rows().len(), limits::DEVICES);
    assert_eq!(
        net.table.ignored().unwrap(),
        "19744 messages named more devices than fit"
    );
    // Whoever was there first is still known.
    net.describe("uuid:x");
    assert!(net.changes().iter().all(|change| change.starts_with('+')));
}

fn service(name: &str, kind: &str, port: u16) -> browser::Event {
    browser::Event::Appeared(Service {
        name: name.into(),
        kind: kind.into(),
        host: "h.local".into(),
        port,
        interface: 2,
        addresses: vec![TV.parse().unwrap()],
        txt: Vec::new(),
    })
}

fn gone(name: &str, kind: &str) -> browser::Event {
    let (name, kind) = (name.into(), kind.into());
    browser::Event::Gone { name, kind }
}

#[test]
fn a_service_is_told_of_once_until_it_goes_and_goes_as_it_was_last_known() {
    let mut net = Simulation::default();
    net.table.browsed(service("A", "_http._tcp.local", 80));
    net.table.browsed(service("A", "_ipp._tcp.local", 631));
    net.table.browsed(service("A", "_http._tcp.local", 81));
    assert_eq!(net.changes(), ["+A _http._tcp.local", "+A _ipp._tcp.local"]);
    assert_eq!(net.table.services().count(), 2);
    net.table.browsed(gone("B", "_http._tcp.local"));
    net.table.browsed(gone("A", "_http._tcp.local"));
    net.table.browsed(gone("A", "_http._tcp.local"));
    assert_eq!(net.changes(), ["-A 81"]);
    net.table.browsed(service("A", "_http._tcp.local", 82));
    assert_eq!(net.changes(), ["+A _http._tcp.local"]);
}

#[test]
fn services_beyond_the_bound_are_counted_and_take_no_place_from_devices() {
    let mut net = Simulation::default();
    for n in 0..=limits::SERVICES {
        net.table
            .browsed(service(&n.to_string(), "_http._tcp.local", 80));
    }
    assert_eq!(net.changes().len(), limits::SERVICES);
    assert!(
        net.table
            .ignored()
            .unwrap()
            .starts_with("1 messages named more")
    );
    net.alive(TV, "uuid:1", "http://10.0.0.7:80/d", 1800);
    net.describe("uuid:1");
    assert_eq!(net.changes(), ["+name of uuid:1"]);
    // Who was too many does not go either; where one goes another finds its place.
    net.table
        .browsed(gone(&limits::SERVICES.to_string(), "_http._tcp.local"));
    net.table.browsed(gone("0", "_http._tcp.local"));
    net.table.browsed(service("late", "_http._tcp.local", 80));
    assert_eq!(net.changes(), ["-0 80", "+late _http._tcp.local"]);
}

#[test]
fn a_link_local_location_is_on_the_link_where_it_was_heard() {
    let mut net = Simulation::default();
    let location = "http://[fe80::7%eth5]:80/d";
    net.alive("fe80::7%2", "uuid:1", location, 1800);
    net.alive("fe80::7%3", "uuid:2", location, 1800);
    let asked: Vec<_> = net.questions().into_iter().map(|(_, url)| url).collect();
    assert_eq!(
        asked,
        ["http://[fe80::7%2]:80/d", "http://[fe80::7%3]:80/d"]
    );
    // Another address of the same sender is not believed, be it of the same device or not.
    net.alive("fe80::7%2", "uuid:3", "http://[fd00::7]/d", 1800);
    net.alive("fd00::7%2", "uuid:3", "http://[fe80::7]/d", 1800);
    assert!(net.questions().is_empty());
    assert!(
        net.table
            .ignored()
            .unwrap()
            .starts_with("2 messages pointed")
    );
    // Nor has a goodbye on one link to do with the device of the same address on the other.
    net.byebye("fe80::7%3", "uuid:1");
    assert_eq!(net.table.rows().len(), 2);
    net.byebye("fe80::7%3", "uuid:2");
    assert_eq!(net.table.rows().len(), 1);
}

#[test]
fn a_device_of_both_families_is_told_of_once_and_is_gone_with_its_last_address() {
    let mut net = Simulation::default();
    let v6 = "http://[fe80::7]:80/d";
    net.alive("fe80::7", "uuid:1", v6, 1800);
    net.describe("uuid:1");
    assert_eq!(net.changes(), ["+name of uuid:1"]);
    net.alive(TV, "uuid:1", "http://10.0.0.7:80/d", 1800);
    net.describe("uuid:1");
    assert_eq!(net.changes(), [""; 0], "the same again");
    let rows = net.table.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0].location.to_string(),
        "http://10.0.0.7:80/d",
        "the best address"
    );
    let also: Vec<_> = rows[0].also.iter().map(ToString::to_string).collect();
    assert_eq!(also, ["http://[fe80::7%2]:80/d"]);
    net.byebye("fe80::7", "uuid:1");
    assert_eq!(net.changes(), [""; 0], "it is still at the other address");
    assert_eq!(net.table.rows().len(), 1);
    net.byebye(TV, "uuid:1");
    assert_eq!(net.changes(), ["-name of uuid:1"]);
}

#[test]
fn copies_with_one_udn_and_liars_with_another_name_stay_rows_of_their_own() {
    let mut net = Simulation::default();
    for address in ["10.0.0.7", "10.0.0.8"] {
        net.alive(address, "uuid:1", &format!("http://{address}/d"), 1800);
        net.describe("uuid:1");
        assert_eq!(net.changes(), ["+name of uuid:1"], "{address}");
    }
    net.alive("fe80::9", "uuid:1", "http://[fe80::9]/d", 1800);
    for (number, _) in net.questions() {
        let description = Description {
            udn: "uuid:1".into(),
            friendly_name: "another".into(),
            ..Description::default()
        };
        net.table.described(number, Ok(description));
    }
    assert_eq!(net.changes(), ["+another"]);
    assert_eq!(net.table.rows().len(), 3);
}
