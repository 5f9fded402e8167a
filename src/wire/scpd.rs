//! The service descriptions (UDA 1.0 §2.3): what each service can do, one table each. The dispatcher of actions asks
//! the same tables, so what is advertised and what is answered cannot drift apart.
//!
//! Sources: ContentDirectory:1 §2.5, §2.7; ConnectionManager:1 §2.2, §2.4; Microsoft's MediaReceiverRegistrar:1.
//! Optional actions and variables are listed only once they are answered.

use super::xml::write::Document;

/// Where an argument goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the control point to us.
    In,
    /// From us to the control point.
    Out,
}

/// An argument of an action.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Where it goes. In-arguments stand before out-arguments.
    pub direction: Direction,
    /// The state variable that gives its type.
    pub related: &'static str,
}

/// An action of a service.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// Its arguments in their fixed order.
    pub arguments: &'static [Argument],
}

/// A state variable of a service.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its type (UDA 1.0 §2.3, dataType).
    pub data_type: &'static str,
    /// Whether subscribers are told of it.
    pub evented: bool,
    /// The only values it can have; empty when any will do.
    pub allowed: &'static [&'static str],
}

/// A whole service description.
#[derive(Clone, Copy, Debug)]
pub struct Scpd {
    /// The actions.
    pub actions: &'static [Action],
    /// The state variables.
    pub variables: &'static [Variable],
}

impl Scpd {
    /// The action of this name, if the service has it.
    pub fn action(&self, name: &str) -> Option<&'static Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The document that a control point reads.
    pub fn write(&self) -> Vec<u8> {
        let namespace = [("xmlns", "urn:schemas-upnp-org:service-1-0")];
        Document::whole("scpd", &namespace, |scpd| {
            scpd.element("specVersion", &[], |version| {
                version.leaf("major", "1");
                version.leaf("minor", "0");
            });
            scpd.element("actionList", &[], |list| {
                self.actions.iter().for_each(|action| action.write(list));
            });
            scpd.element("serviceStateTable", &[], |table| {
                self.variables
                    .iter()
                    .for_each(|variable| variable.write(table));
            });
        })
    }
}

impl Action {
    fn write(&self, list: &mut Document) {
        list.element("action", &[], |action| {
            action.leaf("name", self.name);
            action.element("argumentList", &[], |arguments| {
                for argument in self.arguments {
                    argument.write(arguments);
                }
            });
        });
    }
}

impl Argument {
    fn write(&self, list: &mut Document) {
        list.element("argument", &[], |argument| {
            argument.leaf("name", self.name);
            argument.leaf(
                "direction",
                match self.direction {
                    Direction::In => "in",
                    Direction::Out => "out",
                },
            );
            argument.leaf("relatedStateVariable", self.related);
        });
    }
}

impl Variable {
    fn write(&self, table: &mut Document) {
        let events = [("sendEvents", if self.evented { "yes" } else { "no" })];
        table.element("stateVariable", &events, |variable| {
            variable.leaf("name", self.name);
            variable.leaf("dataType", self.data_type);
            if !self.allowed.is_empty() {
                variable.element("allowedValueList", &[], |list| {
                    self.allowed
                        .iter()
                        .for_each(|value| list.leaf("allowedValue", value));
                });
            }
        });
    }
}

const fn action(name: &'static str, arguments: &'static [Argument]) -> Action {
    Action { name, arguments }
}

const fn take(name: &'static str, related: &'static str) -> Argument {
    Argument {
        name,
        direction: Direction::In,
        related,
    }
}

const fn give(name: &'static str, related: &'static str) -> Argument {
    Argument {
        name,
        direction: Direction::Out,
        related,
    }
}

const fn variable(name: &'static str, data_type: &'static str) -> Variable {
    Variable {
        name,
        data_type,
        evented: false,
        allowed: &[],
    }
}

const fn evented(name: &'static str, data_type: &'static str) -> Variable {
    Variable {
        evented: true,
        ..variable(name, data_type)
    }
}

const fn one_of(name: &'static str, allowed: &'static [&'static str]) -> Variable {
    Variable {
        allowed,
        ..variable(name, "string")
    }
}

/// ContentDirectory:1.
pub const CONTENT_DIRECTORY: Scpd = Scpd {
    actions: &[
        action(
            "GetSearchCapabilities",
            &[give("SearchCaps", "SearchCapabilities")],
        ),
        action(
            "GetSortCapabilities",
            &[give("SortCaps", "SortCapabilities")],
        ),
        action(
            "GetSortExtensionCapabilities",
            &[give("SortExtensionCaps", "SortExtensionCapabilities")],
        ),
        action("GetFeatureList", &[give("FeatureList", "FeatureList")]),
        action("GetSystemUpdateID", &[give("Id", "SystemUpdateID")]),
        action(
            "Browse",
            &[
                take("ObjectID", "A_ARG_TYPE_ObjectID"),
                take("BrowseFlag", "A_ARG_TYPE_BrowseFlag"),
                take("Filter", "A_ARG_TYPE_Filter"),
                take("StartingIndex", "A_ARG_TYPE_Index"),
                take("RequestedCount", "A_ARG_TYPE_Count"),
                take("SortCriteria", "A_ARG_TYPE_SortCriteria"),
                give("Result", "A_ARG_TYPE_Result"),
                give("NumberReturned", "A_ARG_TYPE_Count"),
                give("TotalMatches", "A_ARG_TYPE_Count"),
                give("UpdateID", "A_ARG_TYPE_UpdateID"),
            ],
        ),
        action(
            "Search",
            &[
                take("ContainerID", "A_ARG_TYPE_ObjectID"),
                take("SearchCriteria", "A_ARG_TYPE_SearchCriteria"),
                take("Filter", "A_ARG_TYPE_Filter"),
                take("StartingIndex", "A_ARG_TYPE_Index"),
                take("RequestedCount", "A_ARG_TYPE_Count"),
                take("SortCriteria", "A_ARG_TYPE_SortCriteria"),
                give("Result", "A_ARG_TYPE_Result"),
                give("NumberReturned", "A_ARG_TYPE_Count"),
                give("TotalMatches", "A_ARG_TYPE_Count"),
                give("UpdateID", "A_ARG_TYPE_UpdateID"),
            ],
        ),
        action(
            "UpdateObject",
            &[
                take("ObjectID", "A_ARG_TYPE_ObjectID"),
                take("CurrentTagValue", "A_ARG_TYPE_TagValueList"),
                take("NewTagValue", "A_ARG_TYPE_TagValueList"),
            ],
        ),
        // Samsung's own.
        action(
            "X_GetFeatureList",
            &[give("FeatureList", "A_ARG_TYPE_Featurelist")],
        ),
        action(
            "X_GetObjectIDfromIndex",
            &[
                take("CategoryType", "A_ARG_TYPE_CategoryType"),
                take("Index", "A_ARG_TYPE_Index"),
                give("ObjectID", "A_ARG_TYPE_ObjectID"),
            ],
        ),
        action(
            "X_GetIndexfromRID",
            &[
                take("CategoryType", "A_ARG_TYPE_CategoryType"),
                take("RID", "A_ARG_TYPE_RID"),
                give("Index", "A_ARG_TYPE_Index"),
            ],
        ),
        action(
            "X_SetBookmark",
            &[
                take("CategoryType", "A_ARG_TYPE_CategoryType"),
                take("RID", "A_ARG_TYPE_RID"),
                take("ObjectID", "A_ARG_TYPE_ObjectID"),
                take("PosSecond", "A_ARG_TYPE_PosSec"),
            ],
        ),
    ],
    variables: &[
        variable("SearchCapabilities", "string"),
        variable("SortCapabilities", "string"),
        variable("SortExtensionCapabilities", "string"),
        variable("FeatureList", "string"),
        evented("SystemUpdateID", "ui4"),
        evented("ContainerUpdateIDs", "string"),
        evented("TransferIDs", "string"),
        variable("A_ARG_TYPE_ObjectID", "string"),
        one_of(
            "A_ARG_TYPE_BrowseFlag",
            &["BrowseMetadata", "BrowseDirectChildren"],
        ),
        variable("A_ARG_TYPE_SearchCriteria", "string"),
        variable("A_ARG_TYPE_Filter", "string"),
        variable("A_ARG_TYPE_SortCriteria", "string"),
        variable("A_ARG_TYPE_Index", "ui4"),
        variable("A_ARG_TYPE_Count", "ui4"),
        variable("A_ARG_TYPE_Result", "string"),
        variable("A_ARG_TYPE_UpdateID", "ui4"),
        variable("A_ARG_TYPE_TagValueList", "string"),
        variable("A_ARG_TYPE_Featurelist", "string"),
        variable("A_ARG_TYPE_CategoryType", "ui4"),
        variable("A_ARG_TYPE_RID", "ui4"),
        variable("A_ARG_TYPE_PosSec", "ui4"),
    ],
};

/// ConnectionManager:1.
pub const CONNECTION_MANAGER: Scpd = Scpd {
    actions: &[
        action(
            "GetProtocolInfo",
            &[
                give("Source", "SourceProtocolInfo"),
                give("Sink", "SinkProtocolInfo"),
            ],
        ),
        action(
            "GetCurrentConnectionIDs",
            &[give("ConnectionIDs", "CurrentConnectionIDs")],
        ),
        action(
            "GetCurrentConnectionInfo",
            &[
                take("ConnectionID", "A_ARG_TYPE_ConnectionID"),
                give("RcsID", "A_ARG_TYPE_RcsID"),
                give("AVTransportID", "A_ARG_TYPE_AVTransportID"),
                give("ProtocolInfo", "A_ARG_TYPE_ProtocolInfo"),
                give("PeerConnectionManager", "A_ARG_TYPE_ConnectionManager"),
                give("PeerConnectionID", "A_ARG_TYPE_ConnectionID"),
                give("Direction", "A_ARG_TYPE_Direction"),
                give("Status", "A_ARG_TYPE_ConnectionStatus"),
            ],
        ),
    ],
    variables: &[
        evented("SourceProtocolInfo", "string"),
        evented("SinkProtocolInfo", "string"),
        evented("CurrentConnectionIDs", "string"),
        one_of(
            "A_ARG_TYPE_ConnectionStatus",
            &[
                "OK",
                "ContentFormatMismatch",
                "InsufficientBandwidth",
                "UnreliableChannel",
                "Unknown",
            ],
        ),
        variable("A_ARG_TYPE_ConnectionManager", "string"),
        one_of("A_ARG_TYPE_Direction", &["Input", "Output"]),
        variable("A_ARG_TYPE_ProtocolInfo", "string"),
        variable("A_ARG_TYPE_ConnectionID", "i4"),
        variable("A_ARG_TYPE_AVTransportID", "i4"),
        variable("A_ARG_TYPE_RcsID", "i4"),
    ],
};

/// Microsoft's `X_MS_MediaReceiverRegistrar:1`, without which Xbox and Windows Media Player show nothing.
pub const REGISTRAR: Scpd = Scpd {
    actions: &[
        action(
            "IsAuthorized",
            &[
                take("DeviceID", "A_ARG_TYPE_DeviceID"),
                give("Result", "A_ARG_TYPE_Result"),
            ],
        ),
        action(
            "RegisterDevice",
            &[
                take("RegistrationReqMsg", "A_ARG_TYPE_RegistrationReqMsg"),
                give("RegistrationRespMsg", "A_ARG_TYPE_RegistrationRespMsg"),
            ],
        ),
        action(
            "IsValidated",
            &[
                take("DeviceID", "A_ARG_TYPE_DeviceID"),
                give("Result", "A_ARG_TYPE_Result"),
            ],
        ),
    ],
    variables: &[
        variable("A_ARG_TYPE_DeviceID", "string"),
        variable("A_ARG_TYPE_Result", "int"),
        variable("A_ARG_TYPE_RegistrationReqMsg", "bin.base64"),
        variable("A_ARG_TYPE_RegistrationRespMsg", "bin.base64"),
        evented("AuthorizationGrantedUpdateID", "ui4"),
        evented("AuthorizationDeniedUpdateID", "ui4"),
        evented("ValidationSucceededUpdateID", "ui4"),
        evented("ValidationRevokedUpdateID", "ui4"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scpd; 3] = [CONTENT_DIRECTORY, CONNECTION_MANAGER, REGISTRAR];

    #[test]
    fn every_argument_has_its_variable_and_no_variable_is_idle() {
        for scpd in ALL {
            let arguments = || scpd.actions.iter().flat_map(|action| action.arguments);
            for argument in arguments() {
                let defined = scpd.variables.iter().filter(|v| v.name == argument.related);
                assert_eq!(defined.count(), 1, "{}", argument.related);
            }
            for variable in scpd.variables {
                let used = arguments().any(|argument| argument.related == variable.name);
                assert!(used || variable.evented, "{}", variable.name);
                assert!(variable.allowed.is_empty() || variable.data_type == "string");
            }
        }
    }

    #[test]
    fn in_arguments_stand_before_out_arguments_and_names_are_unique() {
        for action in ALL.iter().flat_map(|scpd| scpd.actions) {
            let directions: Vec<_> = action
                .arguments
                .iter()
                .map(|a| a.direction == Direction::Out)
                .collect();
            assert!(directions.is_sorted(), "{}", action.name);
            for (at, argument) in action.arguments.iter().enumerate() {
                assert!(
                    action
                        .arguments
                        .iter()
                        .skip(at + 1)
                        .all(|other| other.name != argument.name)
                );
            }
        }
    }

    #[test]
    fn actions_are_found_by_name() {
        assert_eq!(
            CONTENT_DIRECTORY.action("Browse").unwrap().arguments.len(),
            10
        );
        assert!(CONTENT_DIRECTORY.action("browse").is_none());
        assert_eq!(
            CONTENT_DIRECTORY.action("Search").unwrap().arguments.len(),
            10
        );
        assert!(CONTENT_DIRECTORY.action("CreateObject").is_none());
        assert!(REGISTRAR.action("RegisterDevice").is_some());
    }

    #[test]
    fn description_has_this_text() {
        const SMALL: Scpd = Scpd {
            actions: &[action("A", &[take("I", "V"), give("O", "W")])],
            variables: &[one_of("V", &["x", "y"]), evented("W", "ui4")],
        };
        let wanted = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
            <scpd xmlns=\"urn:schemas-upnp-org:service-1-0\">\
            <specVersion><major>1</major><minor>0</minor></specVersion>\
            <actionList><action><name>A</name><argumentList>\
            <argument><name>I</name><direction>in</direction><relatedStateVariable>V</relatedStateVariable></argument>\
            <argument><name>O</name><direction>out</direction><relatedStateVariable>W</relatedStateVariable></argument>\
            </argumentList></action></actionList>\
            <serviceStateTable>\
            <stateVariable sendEvents=\"no\"><name>V</name><dataType>string</dataType>\
            <allowedValueList><allowedValue>x</allowedValue><allowedValue>y</allowedValue></allowedValueList></stateVariable>\
            <stateVariable sendEvents=\"yes\"><name>W</name><dataType>ui4</dataType></stateVariable>\
            </serviceStateTable></scpd>";
        assert_eq!(String::from_utf8(SMALL.write()).unwrap(), wanted);
        for scpd in ALL {
            assert!(crate::wire::xml::read::Reader::new(&scpd.write()).is_ok());
        }
    }
}
