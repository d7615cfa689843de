//! Reads a topic and counts messages and bytes: what Kafka's client takes by itself.
//!
//!     knowatt-live-bare BROKER TOPIC COUNT WARM_UP
//!
//! The client's settings are those of `knowatt watch`. Prints, as one line of CSV, the messages after the first WARM_UP, and the seconds, the
//! CPU seconds and the memory that they took.

use std::{error::Error, time::Duration};

use knowatt_live_bare::{Used, client};
use rdkafka::{
    Message,
    consumer::{BaseConsumer, Consumer},
};

const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [broker, topic, count, warm_up] = arguments.as_slice() else {
        return Err("knowatt-live-bare BROKER TOPIC COUNT WARM_UP".into());
    };
    let (count, warm_up): (u64, u64) = (count.parse()?, warm_up.parse()?);
    let consumer: BaseConsumer = client(broker, &format!("bare-{}", std::process::id())).create()?;
    consumer.subscribe(&[topic])?;
    let (mut messages, mut bytes) = (0, 0);
    let mut begin = None;
    while messages < count {
        // None comes when the group has changed, too.
        let Some(message) = consumer.poll(PATIENCE) else { continue };
        let message = message?;
        messages += 1;
        bytes += message.key().map_or(0, <[u8]>::len) + message.payload().map_or(0, <[u8]>::len);
        if messages == warm_up {
            begin = Some(Used::now()?);
        }
    }
    begin.ok_or("WARM_UP is more than COUNT")?.tell(count - warm_up)?;
    eprintln!("{messages} messages, {bytes} bytes");
    Ok(())
}
