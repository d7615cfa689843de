use knowatt_readings::{Live, LiveDecoder, Unit};
use knowatt_score::{Calendar, DayClasses};

use super::*;
use crate::config::Secret;
use crate::mqtt::fake_broker::{Broker, Connection, DUP, Packet as Heard, RETAIN};

/// What the payload of a topic says, in a line.
fn said(subscription: &Subscription, topic: &str, payload: &str) -> String {
    let reading = Reading::of(subscription, &Options::default()).unwrap();
    let meter = match reading.meter(topic) {
        None => return "another topic".to_owned(),
        Some(Err(why)) => return why,
        Some(Ok(meter)) => meter,
    };
    let zone = Calendar::new("Europe/Paris", DayClasses::None).unwrap().zone().clone();
    let mut decoder = LiveDecoder::new(&reading.options, zone).unwrap();
    let record = LiveRecord {
        timestamp_ms: Some(1_706_720_400_000),
        key: Some(meter.as_bytes()),
        value: Some(payload.as_bytes()),
    };
    match decoder.decode(&record) {
        Live::Sample(sample) => {
            let at = jiff::Timestamp::from_millisecond(sample.at_ms).unwrap();
            let meter = String::from_utf8_lossy(&sample.meter).into_owned();
            format!("{meter}|{at}|{}|{}", sample.value, sample.kind)
        }
        Live::Nothing(why) => format!("nothing: {why}"),
        Live::Poison(why) | Live::NotNow(why) => format!("poison: {why}"),
    }
}

fn of(preset: Preset, topic: Option<&str>) -> Subscription {
    Subscription {
        preset: Some(preset.name().to_owned()),
        topic: topic.map(str::to_owned),
        ..Subscription::default()
    }
}

#[test]
fn what_devices_send_is_read_as_it_is() {
    // From the log of a device: https://github.com/arendst/Tasmota/issues/1621
    let tasmota = r#"{"Time":"2018-01-17T18:59:50","ENERGY":{"Total":1.956,"Yesterday":0.054,"Today":0.049,"Period":0,"Power":9,"Factor":0.43,"Voltage":231,"Current":0.089}}"#;
    let topic = "home/tele/tasmota/SonoffPOW/SENSOR";
    let own = of(Preset::Tasmota, Some("home/tele/tasmota/+/SENSOR"));
    assert_eq!(said(&own, topic, tasmota), "SonoffPOW|2018-01-17T17:59:50Z|1956|cumulative register");
    let sensor = r#"{"Time":"2018-01-17T18:59:50","DS18B20":{"Temperature":20.4},"TempUnit":"C"}"#;
    let preset = of(Preset::Tasmota, None);
    assert_eq!(said(&preset, "tele/attic/SENSOR", sensor), "nothing: it has not the field that is named");
    assert_eq!(said(&preset, "tele/attic/STATE", tasmota), "another topic");

    // Numbers of https://shelly-api-docs.shelly.cloud/gen1/, as a 3EM logged them.
    let topic = "shellies/shellyem3-C45BBE6A8F1F/emeter/0/total";
    assert_eq!(
        said(&of(Preset::ShellyEm, None), topic, "3003.4"),
        "shellyem3-C45BBE6A8F1F/0|2024-01-31T17:00:00Z|3003.4|cumulative register"
    );
    let topic = "shellies/shellyplug-s-040BAD/relay/0/energy";
    assert_eq!(
        said(&of(Preset::ShellyRelay, None), topic, "90000"),
        "shellyplug-s-040BAD/0|2024-01-31T17:00:00Z|1500|cumulative register"
    );

    // A 1PM Mini's, as logged from `status/switch:0`; its `minute_ts` is no time of the whole.
    let switch = r#"{"id":0, "source":"HTTP_in", "output":true, "apower":25.7, "voltage":239.7, "freq":50.2, "current":0.188, "aenergy":{"total":913.252,"by_minute":[404.631,404.631,404.631],"minute_ts":1782936360}, "ret_aenergy":{"total":0.000,"by_minute":[0.000,0.000,0.000],"minute_ts":1782936360},"temperature":{"tC":68.1, "tF":154.6}}"#;
    let gen2 = of(Preset::ShellyGen2, None);
    assert_eq!(
        said(&gen2, "shelly1pmminig3-48f6ee8d12dc/status/switch:0", switch),
        "shelly1pmminig3-48f6ee8d12dc/switch:0|2024-01-31T17:00:00Z|913.252|cumulative register"
    );
    let input = r#"{"id":0,"state":false}"#;
    assert_eq!(
        said(&gen2, "shellyplus1-a8032ab12345/status/input:0", input),
        "nothing: it has not the field that is named"
    );
    // https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EMData, with a Pro 3EM's numbers.
    let emdata = r#"{"id": 0, "a_total_act_energy": 64735.49, "a_total_act_ret_energy": 0, "b_total_act_energy": 78798.66, "b_total_act_ret_energy": 0, "c_total_act_energy": 104999.43, "c_total_act_ret_energy": 0, "total_act": 248533.57, "total_act_ret": 0 }"#;
    assert_eq!(
        said(&of(Preset::ShellyGen2Em, None), "shellypro3em-a/status/emdata:0", emdata),
        "shellypro3em-a|2024-01-31T17:00:00Z|248533.57|cumulative register"
    );

    // From the log of a hub: https://pastebin.com/YcMuiA8D
    let zigbee = r#"{"current":11.12,"energy":10.48,"last_seen":"2021-06-28T19:38:12+02:00","linkquality":39,"power":2441,"power_outage_memory":"restore","state":"ON","voltage":223}"#;
    let topic = "zigbee2mqtt/Gniazdko Pralka";
    let energy = of(Preset::Zigbee2mqtt, None);
    assert_eq!(
        said(&energy, topic, zigbee),
        "Gniazdko Pralka|2024-01-31T17:00:00Z|10480|cumulative register"
    );
    let timed = Subscription { time: Some("last_seen".to_owned()), ..energy.clone() };
    assert_eq!(said(&timed, topic, zigbee), "Gniazdko Pralka|2021-06-28T17:38:12Z|10480|cumulative register");
    assert_eq!(
        said(&of(Preset::Zigbee2mqttPower, None), topic, zigbee),
        "Gniazdko Pralka|2024-01-31T17:00:00Z|2441|power"
    );
    assert_eq!(
        said(&energy, "zigbee2mqtt/button", r#"{"action":"single"}"#),
        "nothing: it has not the field that is named"
    );
}

#[test]
fn a_state_of_home_assistant_is_a_bare_number_whose_unit_is_given() {
    // homeassistant/components/mqtt_statestream: the state as it is, retained, QoS 1.
    let topic = "homeassistant/sensor/house_energy/state";
    let state = |unit: Unit| Subscription { unit: Some(unit), ..of(Preset::HomeAssistant, Some(topic)) };
    assert_eq!(
        said(&state(Unit::KWh), topic, "1234.5"),
        "house_energy|2024-01-31T17:00:00Z|1234500|cumulative register"
    );
    assert_eq!(said(&state(Unit::W), topic, "310"), "house_energy|2024-01-31T17:00:00Z|310|power");
    assert_eq!(said(&state(Unit::KWh), topic, "unavailable"), "nothing: no value");
    let refused = |subscription: Subscription| {
        Reading::of(&subscription, &Options::default()).err().unwrap().to_string()
    };
    assert!(refused(of(Preset::HomeAssistant, Some(topic))).contains("give `unit`"));
    assert!(refused(of(Preset::HomeAssistant, None)).contains("needs the `topic`"));
}

#[test]
fn a_meter_is_named_by_what_stands_for_the_wildcards_or_as_is_said() {
    let energy = |topic: &str| Subscription {
        topic: Some(topic.to_owned()),
        value: Some("e".to_owned()),
        unit: Some(Unit::Wh),
        ..Subscription::default()
    };
    let meter = |subscription: &Subscription, topic: &str| {
        let said = said(subscription, topic, r#"{"e":1,"meter":"other","ts":5}"#);
        said.split('|').next().unwrap().to_owned()
    };
    assert_eq!(meter(&energy("a/+/c"), "a/b/c"), "b");
    assert_eq!(meter(&energy("a/b/c"), "a/b/c"), "a/b/c");
    assert_eq!(meter(&energy("a/#"), "a/b/c"), "b/c");
    let fixed = Subscription { meter: Some("home".to_owned()), ..energy("a/#") };
    assert_eq!(meter(&fixed, "a/b/c"), "home");
    for (level, expected) in [(1, "a"), (3, "c"), (-2, "b")] {
        assert_eq!(meter(&Subscription { meter_level: Some(level), ..energy("a/#") }, "a/b/c"), expected);
    }
    let far = Subscription { meter_level: Some(9), ..energy("a/#") };
    assert!(meter(&far, "a/b/c").starts_with("`` cannot be a meter's name"));
    assert!(meter(&energy("+"), &"x".repeat(65)).contains("name it with `meter`"));
    assert!(meter(&energy("+"), "a\u{7}b").contains(r"`a\u{7}b` cannot be"));
    // Without a field that is named, the payload is read by the rules of columns.
    let free = Subscription { topic: Some("a/+".to_owned()), ..Subscription::default() };
    assert_eq!(
        said(&free, "a/b", r#"{"ts":1706720400,"w":5,"meter":"m"}"#),
        "m|2024-01-31T17:00:00Z|5|power"
    );
}

#[test]
fn what_is_said_is_a_table_of_the_configuration() {
    let example: String = include_str!("../../config/mqtt.rs")
        .lines()
        .skip_while(|line| !line.contains("```toml"))
        .skip(1)
        .take_while(|line| !line.contains("```"))
        .map(|line| line.trim_start_matches("//!").to_owned() + "\n")
        .collect();
    let config = crate::config::Config::parse(&example).unwrap();
    let decoders =
        decoders(config.source.from.as_deref().unwrap(), &config.source.mqtt, &config.columns()).unwrap();
    let columns: Vec<_> = decoders.iter().map(|options| options.value_column.as_deref().unwrap()).collect();
    assert_eq!(columns, ["ENERGY.Total", "electric.total_kwh"]);
    let secret: MqttConfig = toml::from_str("password = \"hunter2\"").unwrap();
    assert!(!format!("{secret:?}").contains("hunter2"));
    let refused = |from: &str, text: &str| {
        super::decoders(from, &toml::from_str(text).unwrap(), &Options::default()).err().unwrap().to_string()
    };
    assert!(refused("mqtt://hub", "").starts_with("nothing is subscribed to"));
    assert!(refused("mqtt://hub/a/#/b", "").contains("cannot be subscribed to"));
    assert!(
        refused("mqtt://hub", "preset = \"tasmotta\"")
            .starts_with("the preset `tasmotta` is none of tasmota, ")
    );
}

#[test]
fn a_session_has_the_same_name_for_the_same_subscriptions() {
    let id = |from: &str| {
        let config = MqttConfig::default();
        client_id(&config, &readings(&Address::parse(from).unwrap(), &config, &Options::default()).unwrap())
    };
    assert_eq!(id("mqtt://hub/tele/+/SENSOR"), id("mqtt://hub:1883/tele/+/SENSOR"));
    assert_ne!(id("mqtt://hub/tele/+/SENSOR"), id("mqtt://hub/tele/+/STATE"));
    let made = id("mqtt://hub/tele/+/SENSOR");
    assert!(made.len() <= 23 && made.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{made}");
}

/// Opens a source of bare Wh at that broker, which lets it in.
fn opened(broker: &Broker) -> (Mqtt, Connection) {
    let address = broker.address();
    let opening = std::thread::spawn(move || Mqtt::open(&address, &bare(), &Options::default()).unwrap());
    let connection = broker.accept_subscriber(false);
    (opening.join().unwrap(), connection)
}

fn bare() -> MqttConfig {
    let subscription =
        Subscription { topic: Some("m/+".to_owned()), unit: Some(Unit::Wh), ..Subscription::default() };
    MqttConfig { subscriptions: vec![subscription], ..MqttConfig::default() }
}

/// The next message: its offset, meter and payload, or why it cannot be read.
fn next(source: &mut Mqtt) -> (i64, String) {
    for _ in 0..3000 {
        if let Incoming::Message(Message { place, body, .. }) =
            source.next(Duration::from_millis(10)).unwrap()
        {
            let text = match body {
                Body::Record { record, .. } => {
                    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap()).into_owned();
                    format!("{}={}", text(record.key), text(record.value))
                }
                Body::Poison { bytes, why } => format!("{} bytes: {why}", bytes.len()),
                other => panic!("{other:?}"),
            };
            return (place.offset, text);
        }
    }
    panic!("nothing came");
}

fn commit(source: &mut Mqtt, next_offset: i64) {
    source.commit(&[Read { partition: 0, next_offset, state_from: 0 }]).unwrap();
}

#[test]
fn a_message_is_acknowledged_when_it_is_committed_and_not_before() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", b"1", 7, 0);
    connection.publish(b"m/b", b"2", 8, 0);
    connection.publish(b"m/c", b"3", 0, 0);
    assert_eq!(next(&mut source), (0, "a=1".to_owned()));
    assert_eq!(next(&mut source), (1, "b=2".to_owned()));
    assert_eq!(next(&mut source), (2, "c=3".to_owned()));
    assert!(source.waits());
    commit(&mut source, 1);
    assert_eq!(connection.read(), Heard::Ack(7));
    commit(&mut source, 3);
    assert_eq!(connection.read(), Heard::Ack(8));
    assert!(!source.waits());
    drop(source);
    assert_eq!(connection.read(), Heard::Disconnect);
}

#[test]
fn what_is_sent_again_while_it_is_worked_on_is_not_handed_over_twice() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    for (identifier, payload) in [(1, b"1"), (2, b"2"), (3, b"3")] {
        connection.publish(b"m/a", payload, identifier, 0);
    }
    assert_eq!(next(&mut source).1, "a=1");
    assert_eq!(next(&mut source).1, "a=2");
    assert_eq!(next(&mut source).1, "a=3");
    connection.close();
    // The session is there, and no subscription needed. The first was done meanwhile.
    let mut connection = broker.accept(true);
    commit(&mut source, 1);
    for (identifier, payload) in [(1, b"1"), (2, b"2"), (3, b"3")] {
        connection.publish(b"m/a", payload, identifier, DUP);
    }
    connection.publish(b"m/a", b"4", 4, 0);
    assert_eq!(next(&mut source), (3, "a=4".to_owned()));
    assert_eq!(connection.read(), Heard::Ack(1));
    commit(&mut source, 4);
    for identifier in 2..=4 {
        assert_eq!(connection.read(), Heard::Ack(identifier));
    }
}

#[test]
fn after_a_broker_has_forgotten_the_session_an_old_identifier_acknowledges_nothing() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", b"1", 1, 0);
    connection.publish(b"m/a", b"2", 2, 0);
    assert_eq!(next(&mut source).1, "a=1");
    connection.close();
    // It is subscribed to again, and the identifiers begin anew.
    let mut connection = broker.accept_subscriber(false);
    connection.publish(b"m/b", b"9", 1, 0);
    connection.publish(b"m/b", b"8", 2, DUP);
    assert_eq!(next(&mut source).1, "a=2");
    assert_eq!(next(&mut source), (2, "b=9".to_owned()));
    assert_eq!(next(&mut source), (3, "b=8".to_owned()));
    commit(&mut source, 2); // of the old ones
    commit(&mut source, 4);
    assert_eq!(connection.read(), Heard::Ack(1));
    assert_eq!(connection.read(), Heard::Ack(2));
    drop(source);
    assert_eq!(connection.read(), Heard::Disconnect);
}

#[test]
fn another_message_by_the_identifier_of_one_that_was_done_is_handed_over() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", b"1", 1, 0);
    assert_eq!(next(&mut source).1, "a=1");
    connection.close();
    let mut connection = broker.accept(true);
    connection.publish(b"m/a", b"2", 1, DUP);
    assert_eq!(next(&mut source).1, "a=2");
}

#[test]
fn what_is_retained_or_our_own_or_of_no_use_is_acknowledged_in_its_turn_and_left_out() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", b"1", 1, RETAIN);
    assert_eq!(connection.read(), Heard::Ack(1));
    connection.publish(b"m/a", b"2", 2, 0);
    connection.publish(b"m/a", b"3", 3, RETAIN);
    connection.publish(b"n/a", b"4", 4, 0);
    connection.publish(b"m/a", b"5", 5, 0);
    assert_eq!(next(&mut source).1, "a=2");
    assert_eq!(next(&mut source), (1, "a=5".to_owned()));
    commit(&mut source, 1);
    for identifier in 2..=4 {
        assert_eq!(connection.read(), Heard::Ack(identifier));
    }
    commit(&mut source, 2);
    assert_eq!(connection.read(), Heard::Ack(5));
}

#[test]
fn a_payload_or_topic_that_cannot_be_read_is_poison_and_is_acknowledged() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", &vec![b'1'; 300 << 10], 1, 0);
    connection.publish(b"m/\xff", b"1", 2, 0);
    connection.publish(b"m/a", b"\xff\0", 3, 0);
    connection.publish(b"m/", b"1", 4, 0);
    assert_eq!(next(&mut source).1, "65536 bytes: `m/a`: a payload of 307200 bytes, longer than 256 KiB");
    assert_eq!(next(&mut source).1, r"1 bytes: its topic `m/\xff` is not UTF-8");
    assert_eq!(next(&mut source).1, "a=\u{fffd}\0"); // the decoder says what is wrong with it
    assert_eq!(next(&mut source).1, "m/=1");
    commit(&mut source, 4);
    for identifier in 1..=4 {
        assert_eq!(connection.read(), Heard::Ack(identifier));
    }
}

#[test]
fn a_burst_without_acknowledgements_waits_until_it_is_read_and_none_is_lost() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    let count = 5 * MOST_WAITING;
    let flooding = std::thread::spawn(move || {
        for at in 0..count {
            connection.publish(b"m/a", at.to_string().as_bytes(), 0, 0);
        }
        connection
    });
    for at in 0..count {
        assert_eq!(next(&mut source).1, format!("a={at}"));
    }
    flooding.join().unwrap();
}

#[test]
fn a_broker_that_refuses_is_said_with_the_way_out() {
    let refused = |reason: u8, user: Option<&str>| {
        let broker = Broker::start();
        let mut config = bare();
        if let Some(user) = user {
            (config.user, config.password) = (Some(user.to_owned()), Some(Secret::from("hunter2")));
        }
        let address = broker.address();
        let opening =
            std::thread::spawn(move || Mqtt::open(&address, &config, &Options::default()).err().unwrap());
        broker.refuse(reason);
        let error = opening.join().unwrap();
        assert_eq!(error.remedy(), crate::Remedy::Outside);
        let said = error.to_string();
        assert!(!said.contains("hunter2"), "{said}");
        said.replace(&broker.address(), "BROKER")
    };
    let wrong = "the broker BROKER does not let `home` in: user or password are wrong";
    assert!(refused(0x87, Some("home")).starts_with(wrong));
    assert!(refused(0x86, Some("home")).starts_with(wrong));
    assert!(refused(0x87, None).contains("KNOWATT_MQTT_USER"));
    assert!(refused(0x84, None).contains("does not speak MQTT 5"));
    assert_eq!(refused(0x89, None), "the broker BROKER refuses us: ServerBusy");
    let said = Mqtt::open("mqtt://127.0.0.1:1", &bare(), &Options::default()).err().unwrap().to_string();
    assert!(said.starts_with("nobody answers at mqtt://127.0.0.1:1: Connection refused"), "{said}");
}

#[test]
fn a_subscription_that_is_not_granted_is_said() {
    let broker = Broker::start();
    let address = broker.address();
    let opening = std::thread::spawn(move || {
        Mqtt::open(&address, &bare(), &Options::default()).err().unwrap().to_string()
    });
    broker.accept(false).grant(0x87);
    let said = opening.join().unwrap();
    assert!(said.contains("does not let `` subscribe to `m/+`: NotAuthorized"), "{said}");
}

#[test]
fn a_second_client_of_the_same_name_ends_the_first() {
    let broker = Broker::start();
    let (mut source, mut connection) = opened(&broker);
    connection.publish(b"m/a", b"1", 1, 0);
    connection.disconnect(0x8e);
    assert_eq!(next(&mut source).1, "a=1");
    let error = loop {
        match source.next(Duration::from_millis(10)) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.remedy(), crate::Remedy::Outside);
    assert!(error.to_string().contains("`client-id`"), "{error}");
}
