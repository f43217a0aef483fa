//! The `log` crate's records as lines on the console, the last of them kept in memory.

use crate::console;
use core::fmt::Write;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::relax::Once;
use girder_aarch64::timer;
use girder_core::line_buffer::LineBuffer;
use girder_core::logging::{LogFilter, Record};
use girder_core::units::Frequency;
use girder_lockfree::Recent;
use log::{Log, Metadata};

/// Longest line.
const LINE: usize = 320;

/// Bytes of lines that are kept in memory.
const KEPT: usize = 8 * 1024;

/// The last lines, whether or not there was a console for them.
static RECENT: Recent<KEPT> = Recent::new();

/// The last `lines` lines, as text with line ends.
pub(crate) fn recent(lines: usize) -> impl Iterator<Item = u8> {
    RECENT.last(lines)
}

struct Logger {
    filter: LogFilter<'static>,
    entry: u64,
    frequency: Frequency,
}

static LOGGER: Once<Logger> = Once::new();

/// Prints records that pass `filter` from now on, with the time since `entry`.
pub(crate) fn start(filter: LogFilter<'static>, entry: u64, frequency: Frequency) {
    let logger = LOGGER.call_once(|| Logger {
        filter,
        entry,
        frequency,
    });
    log::set_max_level(logger.filter.most_talkative());
    // The only error is a logger that is there already: this one.
    let _ = log::set_logger(logger);
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.passes(metadata.target(), metadata.level())
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = LineBuffer::<LINE>::of(Record {
            at_us: self
                .frequency
                .micros(timer::now().saturating_sub(self.entry)),
            core: CoreBlock::with_current(CoreBlock::index),
            level: record.level(),
            module: record.target(),
            text: *record.args(),
        });
        RECENT.say(line.as_str());
        let _ = writeln!(console::Output::new(), "{line}");
    }

    fn flush(&self) {}
}
