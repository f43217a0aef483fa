//! The links of one process, by the other's pid: so that there is one for each, and it is found without looking at all.
//!
//! A digital search tree (Knuth, *The Art of Computer Programming* 3, 6.3): each node is a link, and below the *n*-th node on a
//! way the *n*-th bit of the pid that is looked for says which branch to take. No two pids are the same, so no way is longer than a pid
//! has bits, 64, however many links there are, and whoever chooses their ends. The lowest bits come first, which differ most: so
//! among *n* links a usual way is as long as the logarithm of *n*.
//!
//! A balanced tree, as Erlang has, is rotated as it grows. Here a link goes where its way ends, and what is put in place of one
//! that leaves is any leaf below it, for that has taken all the same branches so far. Each is one way down, under the ring's lock.

use super::pool::Ties;
use super::ring::{InRing, read, write};
use super::tie::{Knot, Side, Standing};
use crate::cell::UnsafeCell;
use crate::process::Pid;

impl Side {
    fn branch(&self, bit: u64) -> &UnsafeCell<Knot> {
        match bit & 1 {
            0 => &self.before,
            _ => &self.behind,
        }
    }
}

impl<K> InRing<'_, K> {
    /// The link to this process.
    pub(super) fn link_to(&self, ties: &Ties, pid: Pid) -> Option<Knot> {
        let found = read(self.place_of(ties, pid));
        (found != Knot::NONE).then_some(found)
    }

    /// Takes a link's side in. False if there is one to the same process.
    pub(super) fn insert_link(&self, ties: &Ties, knot: Knot) -> bool {
        let Some((side, pid)) = ties.side(knot).zip(ties.other_end(knot)) else {
            return false;
        };
        let place = self.place_of(ties, pid);
        if read(place) != Knot::NONE {
            return false;
        }
        write(&side.before, Knot::NONE);
        write(&side.behind, Knot::NONE);
        write(&side.standing, Standing::InTree);
        write(place, knot);
        true
    }

    /// Takes a side out that is in.
    pub(super) fn remove_link(&self, ties: &Ties, knot: Knot) {
        let Some((side, pid)) = ties.side(knot).zip(ties.other_end(knot)) else {
            return;
        };
        let place = self.place_of(ties, pid);
        debug_assert_eq!(read(place), knot, "two links to {pid:?}");
        let leaf = Self::cut_leaf(ties, place);
        if leaf != knot
            && let Some(heir) = ties.side(leaf)
        {
            write(&heir.before, read(&side.before));
            write(&heir.behind, read(&side.behind));
            write(place, leaf);
        }
        write(&side.standing, Standing::Nowhere);
    }

    /// Takes any out, if there is one.
    pub(super) fn pop_link(&self, ties: &Ties) -> Option<Knot> {
        let leaf = Self::cut_leaf(ties, &self.ring.links);
        write(&ties.side(leaf)?.standing, Standing::Nowhere);
        Some(leaf)
    }

    /// Where the link to this process stands, or is to be put.
    fn place_of<'a>(&'a self, ties: &'a Ties, pid: Pid) -> &'a UnsafeCell<Knot> {
        let mut place = &self.ring.links;
        let mut bits = pid.get();
        loop {
            let knot = read(place);
            let Some(side) = ties
                .side(knot)
                .filter(|_| ties.other_end(knot) != Some(pid))
            else {
                return place;
            };
            place = side.branch(bits);
            bits >>= 1;
        }
    }

    /// Takes away what has nothing below it, from what is at this place.
    fn cut_leaf<'a>(ties: &'a Ties, from: &'a UnsafeCell<Knot>) -> Knot {
        let mut place = from;
        while let Some(side) = ties.side(read(place)) {
            let branches = [&side.before, &side.behind].into_iter();
            let Some(below) = branches.rev().find(|&it| read(it) != Knot::NONE) else {
                break;
            };
            place = below;
        }
        let leaf = read(place);
        write(place, Knot::NONE);
        leaf
    }
}
