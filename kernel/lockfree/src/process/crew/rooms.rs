//! What the kernel has made room for and never gives back: tables that grow with the most that was ever wanted of them at one
//! time. Whoever compares what the kernel has before and after leaves that out.

use super::Standstill;
use crate::heap::Source;

impl Standstill<'_> {
    /// Bytes of rooms for alarms, gates, ties, and choices of cores.
    pub fn rooms(&self, source: &impl Source) -> usize {
        let table = self.own().table();
        let alarms = |here| self.with_desk(here, |desk| desk.wheel().room_bytes(source));
        let alarms: usize = self.cores().map(alarms).sum();
        let gates = table.gates().bytes(source) + table.ties().bytes(source);
        alarms + gates + self.crew.affinities().bytes(source)
    }
}
