//! A fitted model of any bytes is refused or read, never a panic; what is read can be distilled or says why not.
//!
//! Half of the runs mend the digest, so that the fuzzer gets behind it.

#![no_main]

use knowatt_score::sha256_hex;
use knowatt_train::Trained;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(content) = bytes.strip_suffix(b"\"\n}\n") {
        let content = &content[..content.len().saturating_sub(64)];
        check(&[content, sha256_hex(content.strip_suffix(b"  \"sha256\": \"").unwrap_or(content)).as_bytes(), b"\"\n}\n"].concat());
    }
});

fn check(bytes: &[u8]) {
    let Ok(trained) = Trained::from_bytes(bytes) else { return };
    assert_eq!(Trained::from_bytes(&trained.to_bytes()).expect("what is written is read").to_bytes(), trained.to_bytes());
    _ = trained.model_file(2.0);
}
