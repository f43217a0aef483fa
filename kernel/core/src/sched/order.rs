//! In which order a core turns to the others: the near ones first.
//!
//! Near is what has most of its address in common: cores of one cluster differ in the last eight bits of it, those of one
//! node in the last sixteen (Arm ARM, `MPIDR_EL1`). Within each circle a random one comes first, so that thieves do not
//! all go to the same, and then the one that shows most to do of some that are looked at. Who has found nothing in all
//! circles goes on through the others, one after the other, as far as its patience goes. So a search looks at as many cores
//! on a machine of 512 as on one of 64.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;
use girder_lockfree::process::crew::{Crew, Load};

/// Cores whose loads are compared at a time.
const COMPARED: usize = 4;
/// Cluster, node, machine: bits of an address in which cores of one circle may differ.
const CIRCLES: [u32; 3] = [8, 16, u64::BITS];

/// The other cores, the nearest first.
#[derive(Debug)]
pub(super) struct Order {
    cores: Box<[u32]>,
    /// Where each circle ends.
    ends: [usize; CIRCLES.len()],
}

impl Order {
    /// The others of a crew, as one of its cores sees them.
    pub(super) fn of(crew: &Crew, own: usize) -> Self {
        let address = |core| crew.address_of(core).unwrap_or(0);
        Self::by_address(crew.count(), own, address)
    }

    fn by_address(count: usize, own: usize, address: impl Fn(usize) -> u64) -> Self {
        let circle = |core: &usize| {
            let apart = u64::BITS - (address(*core) ^ address(own)).leading_zeros();
            CIRCLES.iter().filter(|&&bits| apart > bits).count()
        };
        // Behind itself first: else all cores would begin with the same one.
        let mut cores: Vec<usize> = (1..count).map(|step| (own + step) % count).collect();
        cores.sort_by_key(circle);
        let end = |index| cores.iter().filter(|core| circle(core) <= index).count();
        let ends = core::array::from_fn(end);
        Self {
            cores: cores.into_iter().map(|core| core as u32).collect(),
            ends,
        }
    }

    fn circle(&self, index: usize) -> Range<usize> {
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin..self.ends[index]
    }

    fn at(&self, place: usize) -> Option<usize> {
        self.cores.get(place).map(|&core| core as usize)
    }

    /// Some cores of a circle, from a random one on.
    fn some(&self, index: usize, choice: usize) -> impl Iterator<Item = usize> {
        let circle = self.circle(index);
        let place = move |step| circle.start + (choice + step) % circle.len().max(1);
        let count = self.circle(index).len().min(COMPARED);
        (0..count).filter_map(move |step| self.at(place(step)))
    }

    /// So many of the nearest.
    pub(super) fn nearest(&self, count: usize) -> impl Iterator<Item = usize> {
        let nearest = self.cores.iter().take(count);
        nearest.map(|&core| core as usize)
    }

    /// Whom to turn to next.
    pub(super) fn victim(
        &self,
        turn: usize,
        choice: usize,
        load: impl Fn(usize) -> Load,
    ) -> Option<usize> {
        if let [only] = *self.cores {
            return (turn == 0).then_some(only as usize);
        }
        let mut left = turn;
        for index in 0..CIRCLES.len() {
            let mut some = self.some(index, choice);
            match (left, self.circle(index).len()) {
                (0, 1..) => return some.next(),
                (1, 2..) => return some.max_by_key(|&core| load(core)),
                (_, count) => left -= count.min(2),
            }
        }
        let others = self.cores.len();
        (left < others && others > 1).then(|| self.at((choice + left) % others))?
    }

    /// Of some near ones and some far ones who has least to do.
    pub(super) fn least_loaded(
        &self,
        choice: usize,
        load: impl Fn(usize) -> Load,
    ) -> Option<(usize, Load)> {
        let all = (0..CIRCLES.len()).flat_map(|index| self.some(index, choice));
        // The first of the least: the nearest.
        all.map(|core| (core, load(core)))
            .min_by_key(|&(_, load)| load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two nodes of two clusters of four.
    fn address(core: usize) -> u64 {
        let (node, cluster, core) = (core / 8, core / 4 % 2, core % 4);
        (node << 16 | cluster << 8 | core) as u64
    }

    #[test]
    fn near_ones_come_before_far_ones() {
        let order = Order::by_address(16, 5, address);
        assert_eq!(order.ends, [3, 7, 15]);
        let of = |index: usize| {
            let mut cores: Vec<u32> = order.cores[order.circle(index)].to_vec();
            cores.sort_unstable();
            cores
        };
        assert_eq!(of(0), [4, 6, 7]);
        assert_eq!(of(1), [0, 1, 2, 3]);
        assert_eq!(of(2), (8..16).collect::<Vec<_>>());
    }

    #[test]
    fn in_each_circle_a_random_one_comes_first_and_then_the_most_loaded() {
        let order = Order::by_address(16, 5, address);
        let load = |core| Load(u64::from(core == 6 || core == 2 || core == 9));
        for choice in 0..100 {
            let victims = |turn| order.victim(turn, choice, load).expect("there is one");
            assert_eq!((victims(1), victims(3)), (6, 2));
            let circles = [0, 2, 4].map(|turn| victims(turn) / 4);
            assert!(circles[0] == 1 && circles[1] == 0 && circles[2] > 1);
        }
        let first: Vec<_> = (0..3).map(|choice| order.victim(0, choice, load)).collect();
        assert!(first.contains(&Some(4)) && first.contains(&Some(7)));
    }

    #[test]
    fn a_search_that_goes_on_meets_everybody_and_ends() {
        for count in 2..20 {
            let order = Order::by_address(count, 1, address);
            let victim = |turn| order.victim(turn, 3, |_| Load(0));
            let mut met: Vec<_> = (0..100).map_while(victim).collect();
            met.sort_unstable();
            met.dedup();
            let others = (0..count).filter(|&core| core != 1);
            assert!(met.into_iter().eq(others));
        }
    }

    #[test]
    fn nobody_is_alone_with_itself() {
        let order = Order::by_address(1, 0, address);
        assert_eq!(order.victim(0, 0, |_| Load(0)), None);
        assert_eq!(order.least_loaded(0, |_| Load(0)), None);
    }
}
