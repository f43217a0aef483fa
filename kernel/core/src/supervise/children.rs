//! The children of a supervisor: a slab, and two lists through it.
//!
//! The slab grows by chunks, so a child more never moves those that are there, and never asks for memory in one piece that
//! is larger the more of them there are.
//!
//! *The order* is that in which they were put here, which is the one they are started in. *The line* is of those that have ended, or could not be
//! started, and were not dealt with yet. Both are linked through the places, both ways, so that to join and to leave takes a few
//! steps from anywhere. A place that is free leads to the next free one.

use super::rules::ChildRules;
use crate::time::Instant;
use alloc::vec::Vec;

/// A child of a supervisor, whichever process it is just now. It never comes to mean another child of the
/// same supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChildId {
    place: u32,
    /// How often the place had been used before.
    life: u32,
}

/// Places that get their memory together.
const CHUNK: usize = 32;

/// There is no memory for another child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing: it was not started yet, or has ended and stays so.
    Absent,
    /// It is to be started, and nobody has said yet how that went.
    Starting,
    /// It is there.
    Running,
    /// In line: it has ended by itself.
    Ended(super::Ended),
    /// In line: it could not be started again.
    Failed,
    /// It was asked to end, and may take until then.
    Asked { until: Option<Instant> },
    /// It is to end at once.
    Killed,
}

#[derive(Debug)]
pub(super) struct Children<C> {
    /// All of [`CHUNK`] places, the last one perhaps of fewer.
    chunks: Vec<Vec<Place<C>>>,
    /// The first one that is free.
    free: Option<u32>,
    order: Ends,
    line: Ends,
    count: usize,
    /// Of those that are significant, how many are not absent.
    significant: usize,
}

#[derive(Debug)]
struct Place<C> {
    life: u32,
    state: State,
    rules: ChildRules,
    order: Links,
    line: Links,
    /// Nothing if the place is free; then `order.next` is the next free one.
    child: Option<C>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    first: Option<u32>,
    last: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Links {
    previous: Option<u32>,
    next: Option<u32>,
}

impl<C> Children<C> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            free: None,
            order: Ends {
                first: None,
                last: None,
            },
            line: Ends {
                first: None,
                last: None,
            },
            count: 0,
            significant: 0,
        }
    }

    /// Puts a child behind the others; it is absent.
    pub(super) fn insert(&mut self, rules: ChildRules, child: C) -> Result<ChildId, NoRoom> {
        let place = match self.free {
            Some(place) => {
                self.free = self.at(place).order.next;
                place
            }
            None => self.new_place()?,
        };
        let at = self.at_mut(place);
        at.state = State::Absent;
        at.rules = rules;
        at.child = Some(child);
        self.link(place, order);
        self.count += 1;
        Ok(self.id(place))
    }

    fn new_place(&mut self) -> Result<u32, NoRoom> {
        let last = self.last_chunk().ok_or(NoRoom)?;
        let chunk = &mut self.chunks[last];
        let place = u32::try_from(last * CHUNK + chunk.len()).map_err(|_| NoRoom)?;
        chunk.push(Place {
            life: 0,
            state: State::Absent,
            rules: ChildRules::default(),
            order: Links::default(),
            line: Links::default(),
            child: None,
        });
        Ok(place)
    }

    /// The number of the last chunk, which has room for another place; nothing if there is no memory for a chunk.
    fn last_chunk(&mut self) -> Option<usize> {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.try_reserve(1).ok()?;
            let mut chunk = Vec::new();
            chunk.try_reserve_exact(CHUNK).ok()?;
            self.chunks.push(chunk);
        }
        Some(self.chunks.len() - 1)
    }

    /// Takes a child out of everything.
    pub(super) fn remove(&mut self, id: ChildId) -> Option<C> {
        self.get(id)?;
        self.set_state(id, State::Absent);
        let place = id.place;
        self.unlink(place, order);
        self.count -= 1;
        let free = self.free;
        let at = self.at_mut(place);
        let child = at.child.take();
        // A place whose lives are used up is not used again.
        if let Some(life) = at.life.checked_add(1) {
            at.life = life;
            at.order.next = free;
            self.free = Some(place);
        }
        child
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn significant(&self) -> usize {
        self.significant
    }

    pub(super) fn get(&self, id: ChildId) -> Option<&C> {
        self.known(id)?.child.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: ChildId) -> Option<&mut C> {
        let (chunk, place) = index(id.place);
        let at = self.chunks.get_mut(chunk)?.get_mut(place)?;
        at.child.as_mut().filter(|_| at.life == id.life)
    }

    pub(super) fn rules(&self, id: ChildId) -> Option<ChildRules> {
        Some(self.known(id)?.rules)
    }

    pub(super) fn state(&self, id: ChildId) -> Option<State> {
        Some(self.known(id)?.state)
    }

    /// Changes what a child does; takes it off the line if it stands there.
    pub(super) fn set_state(&mut self, id: ChildId, state: State) {
        let Some(at) = self.known(id) else { return };
        let was_in_line = at.state.is_in_line();
        let was_absent = at.state == State::Absent;
        let is_significant = at.rules.is_significant;
        if was_in_line {
            self.unlink(id.place, line);
        }
        self.at_mut(id.place).state = state;
        if is_significant {
            self.significant += usize::from(was_absent);
            self.significant -= usize::from(state == State::Absent);
        }
    }

    /// Puts a child at the end of the line.
    pub(super) fn join_line(&mut self, id: ChildId, state: State) {
        debug_assert!(state.is_in_line());
        self.set_state(id, state);
        if self.known(id).is_some() {
            self.link(id.place, line);
        }
    }

    /// Takes a child off the line; returns how it came there. It is absent.
    pub(super) fn leave_line(&mut self, id: ChildId) -> State {
        let state = self.state(id).unwrap_or(State::Absent);
        self.set_state(id, State::Absent);
        state
    }

    pub(super) fn first_in_line(&self) -> Option<ChildId> {
        self.line.first.map(|place| self.id(place))
    }

    pub(super) fn first(&self) -> Option<ChildId> {
        self.order.first.map(|place| self.id(place))
    }

    pub(super) fn last(&self) -> Option<ChildId> {
        self.order.last.map(|place| self.id(place))
    }

    pub(super) fn after(&self, id: ChildId) -> Option<ChildId> {
        let next = self.known(id)?.order.next;
        next.map(|place| self.id(place))
    }

    pub(super) fn before(&self, id: ChildId) -> Option<ChildId> {
        let previous = self.known(id)?.order.previous;
        previous.map(|place| self.id(place))
    }

    fn known(&self, id: ChildId) -> Option<&Place<C>> {
        let (chunk, place) = index(id.place);
        let at = self.chunks.get(chunk)?.get(place)?;
        (at.life == id.life && at.child.is_some()).then_some(at)
    }

    fn id(&self, place: u32) -> ChildId {
        let life = self.at(place).life;
        ChildId { place, life }
    }

    fn at(&self, place: u32) -> &Place<C> {
        let (chunk, place) = index(place);
        &self.chunks[chunk][place]
    }

    fn at_mut(&mut self, place: u32) -> &mut Place<C> {
        let (chunk, place) = index(place);
        &mut self.chunks[chunk][place]
    }

    /// Puts a place at the end of a list.
    fn link(&mut self, place: u32, list: List<C>) {
        let previous = list(self, place).0.last.replace(place);
        *list(self, place).1 = Links {
            previous,
            next: None,
        };
        match previous {
            Some(previous) => list(self, previous).1.next = Some(place),
            None => list(self, place).0.first = Some(place),
        }
    }

    /// Takes a place out of a list that it is in.
    fn unlink(&mut self, place: u32, list: List<C>) {
        let Links { previous, next } = *list(self, place).1;
        match previous {
            Some(previous) => list(self, previous).1.next = next,
            None => list(self, place).0.first = next,
        }
        match next {
            Some(next) => list(self, next).1.previous = previous,
            None => list(self, place).0.last = previous,
        }
    }
}

/// One of the two lists: its ends, and a place's links in it.
type List<C> = fn(&mut Children<C>, u32) -> (&mut Ends, &mut Links);

fn order<C>(children: &mut Children<C>, place: u32) -> (&mut Ends, &mut Links) {
    let (chunk, place) = index(place);
    let at = &mut children.chunks[chunk][place];
    (&mut children.order, &mut at.order)
}

fn line<C>(children: &mut Children<C>, place: u32) -> (&mut Ends, &mut Links) {
    let (chunk, place) = index(place);
    let at = &mut children.chunks[chunk][place];
    (&mut children.line, &mut at.line)
}

impl State {
    const fn is_in_line(self) -> bool {
        matches!(self, Self::Ended(_) | Self::Failed)
    }
}

/// The chunk that a place is in, and where in it.
const fn index(place: u32) -> (usize, usize) {
    let place = place as usize;
    (place / CHUNK, place % CHUNK)
}
