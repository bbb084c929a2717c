//! The sign of every standing: a colour, a pattern and a drawing of its own, so that none is told by colour alone.

use crate::{portal::reader::Reader, rooms::board::Standing};

/// What stands in a room at a time: a slot, or that it is out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A slot.
    Slot(Standing),
    /// 停用
    Closed,
}

impl Sign {
    /// All of them, for the legend.
    pub(super) const ALL: [Self; 7] = [
        Self::Slot(Standing::Requested),
        Self::Slot(Standing::Confirmed),
        Self::Slot(Standing::InUse),
        Self::Slot(Standing::Overrun),
        Self::Slot(Standing::Released),
        Self::Slot(Standing::NoShow),
        Self::Closed,
    ];

    /// Its class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Slot(Standing::Requested) => "requested",
            Self::Slot(Standing::Confirmed) => "confirmed",
            Self::Slot(Standing::InUse) => "in-use",
            Self::Slot(Standing::Overrun) => "overrun",
            Self::Slot(Standing::Released) => "released",
            Self::Slot(Standing::NoShow) => "no-show",
            Self::Closed => "closed",
        }
    }

    /// Its word.
    pub(super) fn word(self, reader: &Reader) -> &'static str {
        let w = reader.w;
        match self {
            Self::Slot(Standing::Requested) => w.slot_requested,
            Self::Slot(Standing::Confirmed) => w.slot_confirmed,
            Self::Slot(Standing::InUse) => w.slot_in_use,
            Self::Slot(Standing::Overrun) => w.slot_overrun,
            Self::Slot(Standing::Released) => w.slot_released,
            Self::Slot(Standing::NoShow) => w.slot_no_show,
            Self::Closed => w.slot_closed,
        }
    }

    /// A drawing of 16 × 16: question, tick, play, exclamation, arrow, cross, bar.
    pub(super) fn drawing(self) -> &'static str {
        match self {
            Self::Slot(Standing::Requested) => {
                "<path class=\"sign-line\" d=\"M5 5.6a3 3 0 1 1 4.4 2.7C8.4 8.9 8 9.4 8 10.4M8 13.4v.2\"/>"
            }
            Self::Slot(Standing::Confirmed) => "<path class=\"sign-line\" d=\"M3 8.6l3.3 3.4L13 4.6\"/>",
            Self::Slot(Standing::InUse) => "<path class=\"sign-full\" d=\"M4 2l10 6-10 6z\"/>",
            Self::Slot(Standing::Overrun) => {
                "<path class=\"sign-line sign-bold\" d=\"M8 2.2v7.4M8 13.4v.2\"/>"
            }
            Self::Slot(Standing::Released) => "<path class=\"sign-line\" d=\"M2.5 8h10M8.6 4l4.2 4-4.2 4\"/>",
            Self::Slot(Standing::NoShow) => {
                "<path class=\"sign-line\" d=\"M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4\"/>"
            }
            Self::Closed => {
                "<circle class=\"sign-line\" cx=\"8\" cy=\"8\" r=\"6\"/><path class=\"sign-line\" d=\"M4.6 8h6.8\"/>"
            }
        }
    }

    /// What a bar of it is filled with.
    pub(super) fn bar(self, width: &str) -> String {
        let over = match self {
            Self::Slot(Standing::Overrun) => format!(
                "<rect class=\"bar-hatch\" width=\"{width}\" height=\"100%\" rx=\"3\" fill=\"url(#hatch-over)\"/>"
            ),
            Self::Closed => format!(
                "<rect class=\"bar-hatch\" width=\"{width}\" height=\"100%\" fill=\"url(#hatch-closed)\"/>"
            ),
            Self::Slot(_) => String::new(),
        };
        format!("<rect class=\"bar\" width=\"{width}\" height=\"100%\" rx=\"3\"/>{over}")
    }

    /// Bar and word, for the legend and the list; the words are our own and hold no markup.
    pub(super) fn said(self, reader: &Reader) -> String {
        format!(
            "<span class=\"standing\"><svg class=\"swatch is-{class}\" viewBox=\"0 0 28 20\" width=\"28\" height=\"20\" aria-hidden=\"true\" focusable=\"false\">{bar}<svg class=\"sign\" x=\"6\" y=\"2\" width=\"16\" height=\"16\" viewBox=\"0 0 16 16\">{drawing}</svg></svg><span>{word}</span></span>",
            class = self.class(),
            bar = self.bar("100%"),
            drawing = self.drawing(),
            word = self.word(reader),
        )
    }
}

/// The patterns that bars are filled with; once on a page, and never hidden, else nothing that refers to them is drawn.
pub(super) const PATTERNS: &str = "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs><pattern id=\"hatch-over\" width=\"9\" height=\"9\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"hatch-over\" d=\"M2 0V9\"/></pattern><pattern id=\"hatch-closed\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\"><path class=\"hatch-closed\" d=\"M1 0V7\"/></pattern></defs></svg>";
