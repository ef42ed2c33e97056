//! The chart of needed against owned: horizontal bars as inline SVG, drawn in percent so that text stays readable at
//! any width. The table below it says the same in numbers.

use super::text::Count;

/// One line of the chart.
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// Licences needed.
    pub needed: u64,
    /// Licences owned.
    pub owned: u64,
}

/// A bar laid out. Lengths are percent of the width, heights are pixels.
pub struct Drawn {
    /// What is counted.
    pub label: String,
    /// For example `45 needed, 30 owned, 15 short`.
    pub words: String,
    /// For example `45 / 30`.
    pub numbers: String,
    /// Top of the text.
    pub text_y: u32,
    /// Top of the needed bar.
    pub needed_y: u32,
    /// Top of the owned bar.
    pub owned_y: u32,
    /// Length of the needed bar.
    pub needed: String,
    /// Length of the owned bar.
    pub owned: String,
}

/// A chart laid out.
pub struct Chart {
    /// What all its bars count.
    pub title: &'static str,
    /// For the elements that name each other.
    pub id: &'static str,
    /// Total height in pixels.
    pub height: u32,
    /// Bars from top to bottom.
    pub bars: Vec<Drawn>,
}

/// Height of one line with its two bars.
const LINE: u32 = 62;

/// Lays out bars on one common scale; `None` without bars.
pub fn chart(title: &'static str, id: &'static str, bars: Vec<Bar>) -> Option<Chart> {
    let most = bars.iter().map(|bar| bar.needed.max(bar.owned)).max()?.max(1);
    // in tenths of a percent, integers until printed
    let percent = |count: u64| {
        let tenths = u128::from(count) * 1000 / u128::from(most);
        format!("{}.{}%", tenths / 10, tenths % 10)
    };
    let height = LINE * bars.len() as u32;
    let draw = |(at, bar): (usize, Bar)| {
        let top = LINE * at as u32;
        let mut words = format!("{} needed, {} owned", Count(bar.needed), Count(bar.owned));
        if bar.needed > bar.owned {
            words = format!("{words}, {} short", Count(bar.needed - bar.owned));
        }
        Drawn {
            label: bar.label,
            words,
            numbers: format!("{} / {}", Count(bar.needed), Count(bar.owned)),
            text_y: top + 14,
            needed_y: top + 22,
            owned_y: top + 36,
            needed: percent(bar.needed),
            owned: percent(bar.owned),
        }
    };
    Some(Chart { title, id, height, bars: bars.into_iter().enumerate().map(draw).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_the_others_keep_their_share() {
        let bar = |needed, owned| Bar { label: "x".into(), needed, owned };
        let drawn = chart("t", "c", vec![bar(400, 100), bar(0, 50)]).unwrap();
        let lengths: Vec<_> = drawn.bars.iter().map(|bar| (bar.needed.as_str(), bar.owned.as_str())).collect();
        assert_eq!(lengths, [("100.0%", "25.0%"), ("0.0%", "12.5%")]);
        assert_eq!(drawn.bars[0].words, "400 needed, 100 owned, 300 short");
        assert_eq!(drawn.bars[1].words, "0 needed, 50 owned");
        assert!(chart("t", "c", vec![]).is_none());
        assert_eq!(chart("t", "c", vec![bar(0, 0)]).unwrap().bars[0].needed, "0.0%");
    }
}
