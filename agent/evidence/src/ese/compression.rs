//! The engine's compressed values: 7-bit ASCII, 7-bit Unicode and XPRESS (plain LZ77, [MS-XCA] 2.4).
//!
//! The first byte holds the scheme in its upper five bits. Output never exceeds what the compressed value announces,
//! at most 64 KiB, so a few hostile bytes cannot ask for much memory.

use super::{bytes::u16_at, error::Malformed};

const ASCII: u8 = 1;
const UNICODE: u8 = 2;
const XPRESS: u8 = 3;

/// Size after decompression in bytes; `None` if the scheme is not known.
#[must_use]
pub fn decompressed_size(bytes: &[u8]) -> Option<usize> {
    let first = *bytes.first()?;
    match first >> 3 {
        ASCII => Some(characters(bytes)),
        UNICODE => Some(2 * characters(bytes)),
        XPRESS => u16_at(bytes, 1).map(usize::from),
        _ => None,
    }
}

/// Decompresses one value.
pub fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let scheme = bytes.first().map_or(0, |first| first >> 3);
    let Some(size) = decompressed_size(bytes) else {
        return Err(Malformed::new("compressed value", "scheme 1 to 3", format!("scheme {scheme}")));
    };
    match scheme {
        XPRESS => lz77(bytes.get(3..).unwrap_or_default(), size),
        _ => Ok(seven_bits(bytes.get(1..).unwrap_or_default(), characters(bytes), scheme == UNICODE)),
    }
}

/// Characters in a 7-bit value: whole bytes but the last, of which the first byte says how many bits count.
fn characters(bytes: &[u8]) -> usize {
    let last = bytes.first().map_or(0, |first| usize::from(first & 7)) + 1;
    if bytes.len() < 2 { 0 } else { ((bytes.len() - 2) * 8 + last) / 7 }
}

fn seven_bits(packed: &[u8], count: usize, wide: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(if wide { 2 * count } else { count });
    let (mut bits, mut held) = (0_u32, 0);
    let mut packed = packed.iter();
    for _ in 0..count {
        if held < 7 {
            bits |= u32::from(packed.next().copied().unwrap_or_default()) << held;
            held += 8;
        }
        out.push((bits & 0x7F) as u8);
        if wide {
            out.push(0);
        }
        bits >>= 7;
        held -= 7;
    }
    out
}

struct Input<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
    /// The upper half of a length byte whose lower half was used, kept for the next long match.
    half: Option<u8>,
}

impl Input<'_> {
    fn number(&mut self, width: usize) -> Result<u32, Malformed> {
        let end = self.at + width;
        let Some(bytes) = self.bytes.get(self.at..end) else {
            return Err(Malformed::new("XPRESS value", format!("{end} bytes"), self.bytes.len()));
        };
        self.at = end;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn length(&mut self, short: u32) -> Result<usize, Malformed> {
        if short < 7 {
            return Ok(short as usize + 3);
        }
        let half = if let Some(half) = self.half.take() {
            half
        } else {
            let byte = self.number(1)? as u8;
            self.half = Some(byte >> 4);
            byte & 0xF
        };
        if half < 15 {
            return Ok(usize::from(half) + 7 + 3);
        }
        let byte = self.number(1)?;
        if byte < 255 {
            return Ok(byte as usize + 15 + 7 + 3);
        }
        let long = match self.number(2)? {
            0 => self.number(4)?,
            long => long,
        };
        if long < 15 + 7 {
            return Err(Malformed::new("XPRESS match", "a length of at least 22", long));
        }
        Ok(long as usize + 3)
    }
}

fn lz77(bytes: &[u8], size: usize) -> Result<Vec<u8>, Malformed> {
    let mut input = Input { bytes, at: 0, half: None };
    let mut out: Vec<u8> = Vec::with_capacity(size);
    let (mut flags, mut left) = (0_u32, 0);
    while out.len() < size {
        if left == 0 {
            flags = input.number(4)?;
            left = 32;
        }
        left -= 1;
        if flags >> left & 1 == 0 {
            out.push(input.number(1)? as u8);
            continue;
        }
        let pair = input.number(2)?;
        let distance = (pair >> 3) as usize + 1;
        let length = input.length(pair & 7)?;
        let Some(start) = out.len().checked_sub(distance) else {
            return Err(Malformed::new("XPRESS match", format!("a distance up to {}", out.len()), distance));
        };
        if length > size - out.len() {
            return Err(Malformed::new("XPRESS match", format!("a length up to {}", size - out.len()), length));
        }
        // source and target may overlap, so byte by byte
        for at in start..start + length {
            out.push(out[at]);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Packs ASCII characters seven bits each, the reverse of the reader, written for this test.
    fn pack(text: &[u8], scheme: u8) -> Vec<u8> {
        let bits: Vec<bool> = text.iter().flat_map(|byte| (0..7).map(move |bit| byte >> bit & 1 == 1)).collect();
        let last = (bits.len() + 7) % 8;
        let mut out = vec![scheme << 3 | last as u8];
        out.extend(bits.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))));
        out
    }

    #[test]
    fn examples_of_the_xpress_specification() {
        // [MS-XCA] 3.1, plain LZ77: the alphabet without matches, then 300 times "abc"
        let alphabet = [&[0x18, 26, 0, 0x3f, 0, 0, 0][..], b"abcdefghijklmnopqrstuvwxyz"].concat();
        assert_eq!(decompress(&alphabet).unwrap(), b"abcdefghijklmnopqrstuvwxyz");
        let repeated = [0x18, 0x2c, 0x01, 0xff, 0xff, 0xff, 0x1f, 0x61, 0x62, 0x63, 0x17, 0x00, 0x0f, 0xff, 0x26, 0x01];
        assert_eq!(decompress(&repeated).unwrap(), b"abc".repeat(100));
    }

    #[test]
    fn refuses_what_would_read_or_write_outside() {
        let cases: [(&[u8], &str); 5] = [
            (&[], "scheme 0"),
            (&[0x28, 1, 0], "scheme 5"),
            (&[0x18, 9, 0], "4 bytes"),
            (&[0x18, 9, 0, 0, 0, 0, 0x80, 0x08, 0x00], "a distance up to 0"),
            (&[0x18, 3, 0, 0, 0, 0, 0x40, b'a', 0x02, 0x00], "a length up to 2"),
        ];
        for (bytes, sentence) in cases {
            let error = decompress(bytes).unwrap_err().at(0).to_string();
            assert!(error.contains(sentence), "{bytes:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn seven_bit_texts_come_back(text in prop::collection::vec(0_u8..128, 0..200)) {
            prop_assume!(!text.is_empty());
            prop_assert_eq!(&decompress(&pack(&text, ASCII)).unwrap(), &text);
            let wide: Vec<u8> = text.iter().flat_map(|byte| [*byte, 0]).collect();
            prop_assert_eq!(decompress(&pack(&text, UNICODE)).unwrap(), wide);
        }

        #[test]
        fn any_bytes_give_at_most_what_they_announce(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(out) = decompress(&bytes) {
                prop_assert_eq!(Some(out.len()), decompressed_size(&bytes));
            }
        }
    }
}
