//! An echo node on the `maelstrom-node` crate.
use std::sync::Arc;

use async_trait::async_trait;
use maelstrom::{done, protocol::Message, Node, Result, Runtime};

struct Echo;

#[async_trait]
impl Node for Echo {
    async fn process(&self, runtime: Runtime, request: Message) -> Result<()> {
        match request.get_type() {
            "echo" => {
                let body = request.body.clone().with_type("echo_ok");
                runtime.reply(request, body).await
            }
            _ => done(runtime, request),
        }
    }
}

fn main() -> Result<()> {
    Runtime::init(async { Runtime::new().with_handler(Arc::new(Echo)).run().await })
}
