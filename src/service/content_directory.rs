//! ContentDirectory:1: the tree, page by page. [`search`] answers the one action that takes more than a moment.

mod features;
mod names;
mod reply;
pub mod search;

use self::reply::{Listing, Range, Reply};
use super::{Body, Request, Shared, control::Outcome, in_progress, listing::Look};
use crate::wire::{
    criteria::{self, SortCriteria},
    soap::{self, Call, UpnpError},
};

/// Answers one action.
pub(super) fn run(call: &Call<'_>, request: &Request<'_>, shared: &Shared) -> Outcome {
    let reply = |name: &str, value: &str| {
        let arguments = [(name, value)];
        Body::Bytes(soap::reply(&call.service_type, call.action, &arguments))
    };
    match call.action {
        "Browse" => browse(call, request, shared),
        "GetSearchCapabilities" => Ok(reply("SearchCaps", &criteria::search_capabilities())),
        "GetSortCapabilities" => Ok(reply("SortCaps", &criteria::sort_capabilities())),
        "GetSystemUpdateID" => {
            let id = shared.system_update_id();
            Ok(reply("Id", &id.to_string()))
        }
        // No modifier of a sort key is known but `+` and `-` (ContentDirectory:2 §2.5.19).
        "GetSortExtensionCapabilities" => Ok(reply("SortExtensionCaps", "+,-")),
        "GetFeatureList" => Ok(reply(
            "FeatureList",
            &features::shortcuts(&shared.snapshot()),
        )),
        "X_GetFeatureList" => Ok(reply("FeatureList", &features::samsung(&shared.snapshot()))),
        "X_GetObjectIDfromIndex" => {
            let (category, index) = (call.ui4("CategoryType")?, call.ui4("Index")?);
            let id = names::at(&shared.snapshot(), category, index)?;
            Ok(reply("ObjectID", &id.to_string()))
        }
        "X_GetIndexfromRID" => {
            let (category, rid) = (call.ui4("CategoryType")?, call.ui4("RID")?);
            names::at(&shared.snapshot(), category, rid)?;
            Ok(reply("Index", &rid.to_string()))
        }
        _ => Err(UpnpError::InvalidAction),
    }
}

/// `BrowseFlag` (CDS:1 §2.5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrowseFlag {
    Metadata,
    DirectChildren,
}

impl BrowseFlag {
    fn parse(text: &str) -> Result<Self, UpnpError> {
        match text {
            "BrowseMetadata" => Ok(Self::Metadata),
            "BrowseDirectChildren" => Ok(Self::DirectChildren),
            _ => Err(UpnpError::InvalidArgs),
        }
    }
}

/// Browse (CDS:1 §2.7.4).
fn browse(call: &Call<'_>, request: &Request<'_>, shared: &Shared) -> Outcome {
    let flag = BrowseFlag::parse(call.required("BrowseFlag")?)?;
    let id = object_id(call, ["ObjectID", "ContainerID"])?;
    let filter = call.required("Filter")?;
    let start = call.ui4("StartingIndex")?;
    let count = call.ui4("RequestedCount")?;
    let sort = call.required("SortCriteria")?;

    let snapshot = shared.snapshot();
    let look = Look::new(request, filter, &snapshot, shared);
    let sort = if look.treatment.own_order {
        SortCriteria::default()
    } else {
        SortCriteria::parse(sort).map_err(|_| UpnpError::SortCriteria)?
    };
    let place = names::place(id, look.treatment, &snapshot).ok_or(UpnpError::NoSuchObject)?;
    let place = names::root_for(place, look.treatment, &snapshot);
    let is_in_progress = place.within.is_none() && place.object == in_progress::id();
    let update_id = if is_in_progress {
        shared.system_update_id()
    } else {
        let object = snapshot.find(place.object);
        shared.update_id(&object.ok_or(UpnpError::NoSuchObject)?)
    };
    let page = Range { start, count };
    let listing = match flag {
        BrowseFlag::Metadata => Listing::one(&snapshot, place, &look),
        BrowseFlag::DirectChildren => {
            Listing::children(&snapshot, place.object, &look, &sort.keys, page)
        }
    };
    // An item has no children; 701 says that there is no such container.
    let listing = listing.ok_or(UpnpError::NoSuchObject)?;
    Ok(Reply::new(call.into(), listing, look, update_id).into_body())
}

/// An id by its right name, else by that of the other action: the Xbox 360 mixes them.
fn object_id<'c>(call: &'c Call<'_>, names: [&str; 2]) -> Result<&'c str, UpnpError> {
    let mut sent = names.iter().filter_map(|name| call.argument(name));
    sent.next().ok_or(UpnpError::InvalidArgs)
}
