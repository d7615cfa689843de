use std::{io::Write as _, net::TcpListener};

use proptest::prelude::*;

use super::*;

/// What the port of a Dutch meter says, with the right checksum.
fn telegram(second: u32, wh: u32) -> Vec<u8> {
    let body = format!(
        "/ISK5\\2M550T-1012\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(2401311900{second:02}W)\r\n0-0:96.1.1(4530303331)\r\n\
         1-0:1.8.1({:010.3}*kWh)\r\n1-0:1.8.2(002000.000*kWh)\r\n1-0:2.8.1(000000.000*kWh)\r\n1-0:2.8.2(000000.000*kWh)\r\n1-0:1.7.0(00.400*kW)\r\n!",
        f64::from(wh) / 1000.0
    );
    let mut crc = 0_u16;
    for byte in body.bytes() {
        crc ^= u16::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 };
        }
    }
    format!("{body}{crc:04X}\r\n").into_bytes()
}

fn ear() -> Ear {
    Ear::new(P1Telegrams::new(None, false), None)
}

fn open(port: &str) -> Result<P1, Error> {
    P1::open(port, &P1Options::default(), None, false)
}

/// 2024-01-31 19:00:00 at +01:00.
const SIX_MS: i64 = 1_706_724_000_000;

/// Samples as seconds and Wh, poisons as what they say.
fn told(heard: &Heard) -> String {
    match heard {
        Heard::Sample(sample) => format!("{} {}", (sample.at_ms - SIX_MS) / 1000, sample.value),
        Heard::Poison(bytes, why) => format!("{why} ({} bytes)", bytes.len()),
    }
}

fn heard(ear: &mut Ear, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    ear.hear(bytes, 0, &mut |heard| found.push(told(&heard)));
    found
}

#[test]
fn of_a_counter_there_is_one_sample_in_ten_seconds_at_the_first_second() {
    let mut ear = ear();
    let bytes: Vec<u8> = (0..35).flat_map(|second| telegram(second, 1_000_000 + second)).collect();
    assert_eq!(heard(&mut ear, &bytes), ["0 3000000", "10 3000010", "20 3000020", "30 3000030"]);
}

#[test]
fn spoilt_and_cut_telegrams_are_poison_as_they_came_and_noise_is_nothing() {
    let mut ear = ear();
    let mut wire = telegram(0, 1000)[90..].to_vec(); // begun in the midst of one
    let mut spoilt = telegram(10, 1010);
    spoilt[60] ^= 1;
    wire.extend_from_slice(&spoilt);
    wire.extend_from_slice(b"\0\xff\n\n!noise\r\n\xfe");
    wire.extend_from_slice(&telegram(20, 1020)[..100]);
    wire.extend_from_slice(b"\n");
    wire.extend_from_slice(&telegram(30, 1030));
    wire.extend_from_slice(&telegram(40, 1040)[..50]);
    let found = heard(&mut ear, &wire);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("the telegram's checksum is")
            && found[0].ends_with(&format!("({} bytes)", spoilt.len())),
        "{found:?}"
    );
    assert!(found[1].starts_with("a telegram that breaks off before its `!` (10"), "{found:?}");
    assert_eq!(found[2], "30 2001030");
    let mut hung_up = Vec::new();
    ear.hang_up(&mut |heard| hung_up.push(told(&heard)));
    assert!(hung_up[0].starts_with("a telegram that breaks off"), "{hung_up:?}");
    assert_eq!(heard(&mut ear, &telegram(50, 1050)), ["50 2001050"]);
}

#[test]
fn endless_noise_takes_no_memory() {
    let mut ear = ear();
    for _ in 0..1000 {
        ear.hear(&[0x55; 4096], 0, &mut |_| {});
    }
    ear.hear(b"/ISK5endless\n", 0, &mut |_| {});
    for _ in 0..100_000 {
        ear.hear(b"0-0:96.13.0()\n", 0, &mut |_| {});
    }
    assert!(ear.line.capacity() <= 2 * MAX_LINE_BYTES && ear.telegram.capacity() <= 2 * MAX_TELEGRAM_BYTES);
}

proptest! {
    #[test]
    fn telegrams_are_the_same_however_their_bytes_come(size in 1..200_usize, noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes: Vec<u8> = noise.into_iter().filter(|&byte| byte != b'/').collect();
        for second in 0..30 {
            bytes.extend_from_slice(&telegram(second, second));
        }
        let mut ear = ear();
        let found: Vec<_> = bytes.chunks(size).flat_map(|chunk| heard(&mut ear, chunk)).collect();
        prop_assert_eq!(found, ["0 2000000", "10 2000010", "20 2000020"]);
    }
}

fn next(source: &mut P1) -> String {
    for _ in 0..600 {
        match source.next(Duration::from_millis(100)).unwrap() {
            Incoming::Message(Message { body: Body::Sample(sample), .. }) => {
                return told(&Heard::Sample(LiveSample {
                    meter: sample.meter.into_owned().into(),
                    ..sample
                }));
            }
            Incoming::Message(Message { body: Body::Poison { bytes, why }, .. }) => {
                return told(&Heard::Poison(bytes.to_vec(), why));
            }
            _ => {}
        }
    }
    "nothing".to_owned()
}

#[test]
fn over_tcp_it_goes_on_with_the_peer_that_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap();
    let mut source = open(&port.to_string()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(&telegram(0, 0)).unwrap();
    assert_eq!(next(&mut source), "0 2000000");
    peer.write_all(&telegram(1, 1)[..80]).unwrap();
    drop(peer);
    assert!(next(&mut source).starts_with("a telegram that breaks off"));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(&telegram(20, 20)).unwrap();
    assert_eq!(next(&mut source), "20 2000020");
    assert_eq!(source.repeats(), Repeats::Never);
}

#[test]
fn what_is_not_there_is_an_error_with_the_way_out() {
    let error = open("127.0.0.1:1").map(|_| ()).unwrap_err();
    assert!(
        error.to_string().starts_with("the P1 reader 127.0.0.1:1 cannot be reached: Connection refused"),
        "{error}"
    );
    let error = open("no port").map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("the P1 reader no port cannot be reached: "), "{error}");
}

#[cfg(feature = "serial")]
mod serial {
    use serialport::{SerialPort as _, TTYPort};

    use super::*;

    #[test]
    fn a_port_that_is_not_there_is_an_error_with_the_way_out() {
        let error = |port| open(port).map(|_| ()).unwrap_err().to_string();
        assert!(error("/dev/ttyUSB99").contains("is the cable plugged in?"), "{}", error("/dev/ttyUSB99"));
        assert!(error("/dev/null").contains("is it a serial port?"), "{}", error("/dev/null"));
    }

    #[test]
    fn a_pty_plays_the_port_byte_by_byte_and_is_free_once_closed() {
        let (mut meter, port) = TTYPort::pair().unwrap();
        let name = port.name().unwrap();
        drop(port);
        let options = P1Options { serial: SerialSettings::Baud9600, every: None };
        for second in [0, 20] {
            let mut source = P1::open(&name, &options, None, false).unwrap();
            for byte in telegram(second, second) {
                meter.write_all(&[byte]).unwrap();
            }
            assert_eq!(next(&mut source), format!("{second} {}", 2_000_000 + second));
            // It is ours alone.
            assert!(open(&name).is_err());
        }
    }
}
