//! The device description, the services' descriptions and the icons.

use super::{Body, DeviceFacts, Request, Response};
use crate::wire::{
    device::{Device, Service},
    http::response::{Head, Status},
};

/// An icon, drawn for rill by `build/icons`.
struct Icon {
    name: &'static str,
    mime: &'static str,
    bytes: &'static [u8],
}

/// The icons that DLNA asks for: PNG and JPEG, 48 and 120 pixels square.
const ICONS: [Icon; 4] = [
    Icon {
        name: "48.png",
        mime: "image/png",
        bytes: include_bytes!("icon/48.png"),
    },
    Icon {
        name: "120.png",
        mime: "image/png",
        bytes: include_bytes!("icon/120.png"),
    },
    Icon {
        name: "48.jpg",
        mime: "image/jpeg",
        bytes: include_bytes!("icon/48.jpg"),
    },
    Icon {
        name: "120.jpg",
        mime: "image/jpeg",
        bytes: include_bytes!("icon/120.jpg"),
    },
];

/// The device description (UDA 1.0 §2.1).
pub(super) fn device(facts: &DeviceFacts) -> Response {
    let document = Device {
        udn: &facts.udn,
        friendly_name: &facts.friendly_name,
        model_number: env!("CARGO_PKG_VERSION"),
        presentation_url: Some("/"),
        config_id: None,
    }
    .write();
    Response::xml(Status::Ok, Body::Bytes(document))
}

/// A service's description (UDA 1.0 §2.3).
pub(super) fn scpd(service: &Service) -> Response {
    Response::xml(Status::Ok, Body::Bytes(service.scpd.write()))
}

/// The place of the icon called `name`.
pub(super) fn icon(name: &str) -> Option<usize> {
    ICONS.iter().position(|icon| icon.name == name)
}

/// The icon at place `icon`.
pub(super) fn icon_bytes(icon: usize, _request: &Request<'_>) -> Response {
    let Some(icon) = ICONS.get(icon) else {
        return Response::text(Status::NotFound, "There is no such icon.\n");
    };
    let mut head = Head::new(Status::Ok);
    head.field("Content-Type", icon.mime);
    head.field("Cache-Control", "max-age=86400");
    Response {
        head,
        body: Body::Static(icon.bytes),
    }
}
