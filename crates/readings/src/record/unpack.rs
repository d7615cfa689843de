//! What Kafka's batches and Avro's blocks are packed with, unpacked to [`MAX_UNPACKED_BYTES`] at the most.

use std::io::{self, Read};

/// The most that one batch or block may unpack to, in bytes.
pub(crate) const MAX_UNPACKED_BYTES: usize = 64 << 20;

/// The window that zstd may ask for, as a power of two: 128 MiB, what its own tool allows.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How snappy is framed by Java's producers: xerial's magic, then two versions.
const XERIAL: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEAD_BYTES: usize = 16;

/// What bytes are packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 1951, without a head.
    Deflate,
    /// One block, or blocks with xerial's head.
    Snappy,
    /// The frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// Unpacks into `unpacked`, whose memory is used again.
pub(crate) fn unpack<'a>(
    packing: Packing,
    packed: &'a [u8],
    unpacked: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    unpacked.clear();
    let done = match packing {
        Packing::None if packed.len() > MAX_UNPACKED_BYTES => return Err(too_much()),
        Packing::None => return Ok(packed),
        Packing::Gzip => read(flate2::read::MultiGzDecoder::new(packed), unpacked),
        Packing::Deflate => read(flate2::read::DeflateDecoder::new(packed), unpacked),
        Packing::Snappy => snappy(packed, unpacked),
        Packing::Lz4 => read(lz4_flex::frame::FrameDecoder::new(packed), unpacked),
        Packing::Zstd => zstd(packed, unpacked),
    };
    done.map_err(|error| error.to_string())?;
    Ok(unpacked)
}

fn too_much() -> String {
    format!("it unpacks to more than {} MiB", MAX_UNPACKED_BYTES >> 20)
}

fn read(packed: impl Read, unpacked: &mut Vec<u8>) -> io::Result<()> {
    packed.take(MAX_UNPACKED_BYTES as u64 + 1).read_to_end(unpacked)?;
    if unpacked.len() > MAX_UNPACKED_BYTES { Err(io::Error::other(too_much())) } else { Ok(()) }
}

fn zstd(packed: &[u8], unpacked: &mut Vec<u8>) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    read(decoder, unpacked)
}

fn snappy(packed: &[u8], unpacked: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut rest) = packed.get(XERIAL_HEAD_BYTES..).filter(|_| packed.starts_with(XERIAL)) else {
        return snappy_block(packed, unpacked);
    };
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or_else(cut)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, after) = after.split_at_checked(length).ok_or_else(cut)?;
        snappy_block(block, unpacked)?;
        rest = after;
    }
    Ok(())
}

/// Adds what a block unpacks to.
fn snappy_block(packed: &[u8], unpacked: &mut Vec<u8>) -> io::Result<()> {
    let length = snap::raw::decompress_len(packed)?;
    if length > MAX_UNPACKED_BYTES - unpacked.len() {
        return Err(io::Error::other(too_much()));
    }
    // Two bytes say to copy 64 at the most: what declares more is not even allocated.
    if length / 64 > packed.len() {
        return Err(io::Error::other("snappy: longer than its bytes can say"));
    }
    let start = unpacked.len();
    unpacked.resize(start + length, 0);
    let written =
        snap::raw::Decoder::new().decompress(packed, unpacked.get_mut(start..).unwrap_or_default())?;
    unpacked.truncate(start + written);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    pub(crate) const ALL: [Packing; 6] =
        [Packing::None, Packing::Gzip, Packing::Deflate, Packing::Snappy, Packing::Lz4, Packing::Zstd];

    /// Packs bytes.
    pub(crate) fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        match packing {
            Packing::None => bytes.to_vec(),
            Packing::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Packing::Deflate => {
                let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Packing::Snappy => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
            Packing::Lz4 => {
                let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Packing::Zstd => zstd::stream::encode_all(bytes, 1).unwrap(),
        }
    }

    #[test]
    fn javas_snappy_is_unpacked_block_by_block() {
        let mut packed = [XERIAL, &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for part in [&b"one "[..], b"two"] {
            let block = pack(Packing::Snappy, part);
            packed.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
            packed.extend(block);
        }
        assert_eq!(unpack(Packing::Snappy, &packed, &mut Vec::new()).unwrap(), b"one two");
        for length in XERIAL_HEAD_BYTES + 1..packed.len() {
            let whole_first = length == packed.len() - 4 - pack(Packing::Snappy, b"two").len();
            assert_eq!(
                unpack(Packing::Snappy, &packed[..length], &mut Vec::new()).is_ok(),
                whole_first,
                "{length}"
            );
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let zeros = vec![0; MAX_UNPACKED_BYTES + 1];
        for packing in ALL {
            let error = unpack(packing, &pack(packing, &zeros), &mut Vec::new()).unwrap_err();
            assert!(error.contains("more than 64 MiB"), "{packing:?}: {error}");
        }
        let declared = unpack(Packing::Snappy, b"\xff\xff\xff\x0f\0a", &mut Vec::new()).unwrap_err();
        assert!(declared.contains("longer than its bytes can say"), "{declared}");
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(bytes in prop::collection::vec(any::<u8>(), 0..3000), at in 0..6_usize) {
            let packed = pack(ALL[at], &bytes);
            let mut unpacked = Vec::new();
            prop_assert_eq!(unpack(ALL[at], &packed, &mut unpacked).unwrap(), bytes);
        }

        #[test]
        fn any_bytes_unpack_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..6_usize) {
            let _ = unpack(ALL[at], &bytes, &mut Vec::new());
        }
    }
}
