//! The device description, the services' descriptions and the icons.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    Body, DeviceFacts, Response,
    devices::{Disguise, Treatment},
};
use crate::wire::{
    device::{Device, ICONS, MODEL_NAME, SERVICES, Service},
    http::response::{Head, Status},
};

/// The pictures of [`ICONS`], in the same order; drawn for rill by `build/icons`.
const PICTURES: [&[u8]; ICONS.len()] = [
    include_bytes!("icon/48.png"),
    include_bytes!("icon/120.png"),
    include_bytes!("icon/48.jpg"),
    include_bytes!("icon/120.jpg"),
];

/// The device description (UDA 1.0 §2.1), as a device needs it.
pub(super) fn device(facts: &DeviceFacts, treatment: &Treatment) -> Response {
    let document = treatment.document(document(facts, treatment.disguise));
    Response::xml(Status::Ok, Body::Bytes(document))
}

/// CONFIGID.UPNP.ORG (UDA 1.1 §1.2.2), 24 bits: the same as long as the descriptions say the same, another one when the
/// name, the version or an action is another one.
pub fn config_id(facts: &DeviceFacts) -> u32 {
    let scpds = SERVICES.iter().map(|service| service.scpd.write());
    let texts = std::iter::once(document(facts, Disguise::None)).chain(scpds);
    let hash = texts.fold(0, |seed, text| xxh3_64_with_seed(&text, seed));
    u32::try_from(hash >> 40).unwrap_or_default()
}

fn document(facts: &DeviceFacts, disguise: Disguise) -> Vec<u8> {
    let truth = Device {
        udn: &facts.udn,
        friendly_name: &facts.friendly_name,
        manufacturer: MODEL_NAME,
        model_name: MODEL_NAME,
        model_number: env!("CARGO_PKG_VERSION"),
        samsung: None,
        presentation_url: Some("/"),
        config_id: None,
    };
    let with_number;
    match disguise {
        Disguise::None => truth,
        Disguise::Samsung { bookmarks } => Device {
            samsung: Some(if bookmarks {
                "smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec"
            } else {
                "smi,getMediaInfo.sec,getCaptionInfo.sec"
            }),
            ..truth
        },
        // The console lists servers of these names alone.
        Disguise::Xbox => {
            with_number = format!("{} : 1", facts.friendly_name);
            Device {
                friendly_name: &with_number,
                model_name: "Windows Media Connect",
                model_number: "1",
                ..truth
            }
        }
        Disguise::MediaPlayer => Device {
            manufacturer: "Microsoft Corporation",
            model_name: "Windows Media Player Sharing",
            model_number: "12.0",
            ..truth
        },
    }
    .write()
}

/// A service's description (UDA 1.0 §2.3).
pub(super) fn scpd(service: &Service, treatment: &Treatment) -> Response {
    let document = treatment.document(service.scpd.write());
    Response::xml(Status::Ok, Body::Bytes(document))
}

/// The place among the icons of the one at `path`.
pub(super) fn icon_at(path: &str) -> Option<usize> {
    ICONS.iter().position(|icon| icon.path == path)
}

/// The icon at `place`.
pub(super) fn icon(place: usize) -> Response {
    let (Some(icon), Some(picture)) = (ICONS.get(place), PICTURES.get(place)) else {
        return Response::text(Status::NotFound, "There is no such icon.\n");
    };
    let mut head = Head::new(Status::Ok);
    head.field("Content-Type", icon.mime);
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Cache-Control", "max-age=86400");
    Response {
        head,
        body: Body::Static(picture),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_makes_another_configid_and_nothing_else_does() {
        let facts = |name: &str, hosts: &[&str]| DeviceFacts {
            udn: "uuid:4d696e69-444c-164e-9d41-b6d47660363b".to_owned(),
            friendly_name: name.to_owned(),
            server: "Linux/6.1".to_owned(),
            host_names: hosts.iter().map(|&host| host.to_owned()).collect(),
        };
        let first = config_id(&facts("Attic", &[]));
        assert!(first < 1 << 24, "{first}");
        assert_eq!(config_id(&facts("Attic", &["attic"])), first);
        assert_ne!(config_id(&facts("Cellar", &[])), first);
    }
}
