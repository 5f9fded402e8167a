//! The evented state variables and their values. Which variables those are, the service descriptions say
//! (`wire/scpd`); here is what each of them holds.

use std::fmt::Write as _;

use crate::{
    catalogue::object_id::ObjectId, limits, service::connection_manager, wire::scpd::Scpd,
};

const SYSTEM_UPDATE_ID: &str = "SystemUpdateID";
const CONTAINER_UPDATE_IDS: &str = "ContainerUpdateIDs";

/// What a subscription has still to be told.
#[derive(Debug, Default)]
pub(super) struct Changes {
    any: bool,
    /// Each container once, with its newest update id; at most [`limits::CHANGED_CONTAINERS`].
    containers: Vec<(ObjectId, u32)>,
    /// There were more, so none is named.
    too_many: bool,
}

impl Changes {
    /// Whether there is anything to tell.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// Takes note of a change of these containers, and of `SystemUpdateID`.
    pub(super) fn add(&mut self, containers: &[(ObjectId, u32)]) {
        self.any = true;
        for &(id, update_id) in containers {
            if self.too_many {
                return;
            }
            if let Some((_, known)) = self.containers.iter_mut().find(|(known, _)| *known == id) {
                *known = update_id;
            } else if self.containers.len() < limits::CHANGED_CONTAINERS {
                self.containers.push((id, update_id));
            } else {
                self.too_many = true;
                self.containers = Vec::new();
            }
        }
    }

    /// `ContainerUpdateIDs`: ids and update ids in turn (CDS:1 §2.5).
    fn container_update_ids(&self) -> String {
        let mut list = String::new();
        for (id, update_id) in &self.containers {
            let comma = if list.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(list, "{comma}{id},{update_id}");
        }
        list
    }
}

/// Names and values, in the order of the service description.
pub(super) type Properties = Vec<(&'static str, String)>;

/// What the variables are taken from.
pub(super) struct State<'a> {
    pub(super) system_update_id: u32,
    pub(super) changes: &'a Changes,
}

impl State<'_> {
    /// Every evented variable of a service: its first event.
    pub(super) fn whole(&self, scpd: &Scpd) -> Properties {
        let evented = scpd.variables.iter().filter(|variable| variable.evented);
        evented
            .filter_map(|variable| Some((variable.name, self.value(variable.name)?)))
            .collect()
    }

    /// Those that changed.
    pub(super) fn changed(&self, scpd: &Scpd) -> Properties {
        let mut properties = self.whole(scpd);
        properties.retain(|(name, value)| match *name {
            SYSTEM_UPDATE_ID => true,
            CONTAINER_UPDATE_IDS => !value.is_empty(),
            _ => false,
        });
        properties
    }

    /// `None`: no variable of ours has that name. A test keeps that from happening.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            SYSTEM_UPDATE_ID => self.system_update_id.to_string(),
            CONTAINER_UPDATE_IDS => self.changes.container_update_ids(),
            "SourceProtocolInfo" => connection_manager::source_protocol_info(),
            "CurrentConnectionIDs" => connection_manager::CONNECTION_IDS.to_owned(),
            // Nothing is received, and nothing is copied from server to server.
            "SinkProtocolInfo" | "TransferIDs" => String::new(),
            // Everybody may, from the beginning: nothing was ever granted or revoked.
            "AuthorizationGrantedUpdateID"
            | "AuthorizationDeniedUpdateID"
            | "ValidationSucceededUpdateID"
            | "ValidationRevokedUpdateID" => "0".to_owned(),
            _ => return None,
        })
    }
}
