//! The device description, the services' descriptions and the icons.

use super::{Body, DeviceFacts, Response};
use crate::wire::{
    device::{Device, ICONS, Service},
    http::response::{Head, Status},
};

/// The pictures of [`ICONS`], in the same order; drawn for rill by `build/icons`.
const PICTURES: [&[u8]; ICONS.len()] = [
    include_bytes!("icon/48.png"),
    include_bytes!("icon/120.png"),
    include_bytes!("icon/48.jpg"),
    include_bytes!("icon/120.jpg"),
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
    head.field("Cache-Control", "max-age=86400");
    Response {
        head,
        body: Body::Static(picture),
    }
}
