//! The colours of a heat map.

/// Viridis at equal steps from 0 to 1: it rises in brightness evenly, so that it reads the same to the colour-blind and in grey. By
/// S. van der Walt and N. Smith for matplotlib, CC0.
const VIRIDIS: [u32; 17] = [
    0x44_01_54, 0x48_18_6a, 0x47_2d_7b, 0x42_40_86, 0x3b_52_8b, 0x33_63_8d, 0x2c_72_8e, 0x26_82_8e,
    0x21_91_8c, 0x1f_a0_88, 0x28_ae_80, 0x3f_bc_73, 0x5e_c9_62, 0x84_d4_4b, 0xad_dc_30, 0xd8_e2_19,
    0xfd_e7_25,
];

/// Red, green and blue of a share of the highest: dark violet for 0, green in the middle, yellow for 1.
///
/// ```
/// assert_eq!(knowatt_report::viridis(0.0), [0x44, 0x01, 0x54]);
/// assert_eq!(knowatt_report::viridis(1.0), [0xfd, 0xe7, 0x25]);
/// assert_eq!(knowatt_report::viridis(f64::NAN), knowatt_report::viridis(0.0));
/// ```
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 16, and 0 to 255")]
pub fn viridis(share: f64) -> [u8; 3] {
    let share = if share > 0.0 { share.min(1.0) } else { 0.0 };
    let place = share * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let (from, to) = (VIRIDIS[below].to_be_bytes(), VIRIDIS[below + 1].to_be_bytes());
    [1, 2, 3].map(|part| {
        let (from, to) = (f64::from(from[part]), f64::from(to[part]));
        (from + (to - from) * (place - below as f64)).round() as u8
    })
}
