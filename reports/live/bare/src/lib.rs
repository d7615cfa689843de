//! What the bare loops have in common.

use std::{error::Error, fs, time::Instant};

use rdkafka::config::ClientConfig;

/// The client's settings: those of `knowatt watch`.
pub fn client(broker: &str, group: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker)
        .set("group.id", group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.message.max.bytes", "262144");
    config
}

/// What this process has used so far.
pub struct Used {
    at: Instant,
    cpu_s: f64,
    /// The most so far.
    memory_kib: u64,
}

impl Used {
    /// Now.
    pub fn now() -> Result<Self, Box<dyn Error>> {
        /// Of what `/proc` counts, on every Linux.
        const TICKS_A_SECOND: f64 = 100.0;
        let stat = fs::read_to_string("/proc/self/stat")?;
        // After the name, which stands in brackets: user and system time are the 14th and 15th field of all.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        let status = fs::read_to_string("/proc/self/status")?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let memory_kib = most.trim().trim_end_matches(" kB").parse()?;
        Ok(Self { at: Instant::now(), cpu_s: ticks / TICKS_A_SECOND, memory_kib })
    }

    /// Prints, as one line of CSV, so many messages, and the seconds, the CPU seconds and the memory that they took since.
    pub fn tell(&self, messages: u64) -> Result<(), Box<dyn Error>> {
        let end = Self::now()?;
        let (seconds, cpu_s) = ((end.at - self.at).as_secs_f64(), end.cpu_s - self.cpu_s);
        println!("{messages},{seconds:.3},{cpu_s:.2},{}", end.memory_kib);
        Ok(())
    }
}
