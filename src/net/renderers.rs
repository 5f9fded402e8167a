//! Descriptions of renderers, read one after the other; whose, `service/devices/renderers` says.

use std::rc::Rc;

use smol::channel::Receiver;

use super::{
    Context,
    fetch::{self, Question},
};
use crate::{limits, service::devices::Renderer};

/// Reads the descriptions that `heard` brings. One that cannot be read is no harm: most devices say in a request who they
/// are.
pub(super) async fn run(heard: Receiver<Renderer>, context: Rc<Context>) {
    while let Ok(renderer) = heard.recv().await {
        let question = Question {
            url: renderer.location.clone(),
            call: None,
            body_bytes: limits::DESCRIPTION_BYTES,
            time: limits::DESCRIPTION_TIME,
        };
        match fetch::ask(&question).await {
            Ok(answer) if answer.status == 200 => {
                let uptime = context.clock.now().uptime;
                renderer.describe(&answer.body, uptime, &context.shared);
            }
            Ok(answer) => log::debug!("{}: status {}", renderer.address, answer.status),
            Err(error) => log::debug!("{}: no description: {error}", renderer.address),
        }
    }
}
