//! `reg` and `ranges`: from a device's address on its bus to the address that a core uses.
//!
//! Devicetree Specification v0.4, sections 2.3.5, 2.3.6 and 2.3.8. A bus without `ranges` keeps
//! its addresses to itself (I2C, a disk's partitions); an empty one passes them on unchanged.

use alloc::vec::Vec;

use super::limits;
use super::tree::Node;
use crate::error::TreeError;
use crate::range::Range;

/// How many cells an address and a size take on a bus.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    address: u32,
    size: u32,
}

impl Cells {
    /// Reads what `bus` says about its children.
    pub(super) fn of(bus: Node<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            address: cells(bus, "#address-cells", 2)?,
            size: cells(bus, "#size-cells", 1)?,
        })
    }

    /// Returns the cells of an address if they make one number.
    pub(super) fn plain_address(self) -> Result<u32, TreeError> {
        let (property, cells) = ("#address-cells", self.address);
        match cells {
            1 | 2 => Ok(cells),
            _ => Err(TreeError::BadCells { property, cells }),
        }
    }

    /// Refuses cells that can't describe memory.
    pub(super) fn check_memory(self) -> Result<(), TreeError> {
        let (property, cells) = ("#size-cells", self.size);
        match self.plain_address()? {
            _ if cells == 1 || cells == 2 => Ok(()),
            _ => Err(TreeError::BadCells { property, cells }),
        }
    }

    /// Refuses a bus without addresses for a device that has one.
    fn check_addressed(self) -> Result<(), TreeError> {
        let (property, cells) = ("#address-cells", self.address);
        match cells {
            0 => Err(TreeError::BadCells { property, cells }),
            _ => Ok(()),
        }
    }

    /// Three cells are PCI; more, or none, belong to no bus that we can follow.
    fn are_known(self) -> bool {
        (1..=3).contains(&self.address) && self.size <= 2
    }
}

fn cells(bus: Node<'_>, property: &'static str, usual: u32) -> Result<u32, TreeError> {
    match bus.cell(property)?.unwrap_or(usual) {
        cells if cells <= limits::CELLS => Ok(cells),
        cells => Err(TreeError::BadCells { property, cells }),
    }
}

/// An address on some bus.
#[derive(Clone, Copy)]
pub(super) struct BusAddress {
    /// The first cell of a PCI address, which tells I/O from memory; else 0.
    space: u32,
    /// The number.
    pub(super) offset: u64,
}

impl BusAddress {
    fn has_space_of(self, other: Self) -> bool {
        /// Set in both kinds of PCI memory space (32 and 64 bits), clear in I/O space.
        const MEMORY: u32 = 0x0200_0000;
        self.space & MEMORY == other.space & MEMORY
    }
}

/// Takes addresses and sizes off the front of a property's value.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    /// Takes a number of up to two cells. What is not there reads as 0; callers check lengths.
    fn number(&mut self, cells: u32) -> u64 {
        (0..cells).fold(0, |number, _| number << 32 | u64::from(self.cell()))
    }

    fn address(&mut self, cells: u32) -> BusAddress {
        let space = if cells == 3 { self.cell() } else { 0 };
        BusAddress {
            space,
            offset: self.number(cells.min(2)),
        }
    }

    fn cell(&mut self) -> u32 {
        let Some((cell, rest)) = self.0.split_first_chunk() else {
            return 0;
        };
        self.0 = rest;
        u32::from_be_bytes(*cell)
    }
}

/// Cuts a property's value into entries of so many cells.
fn entries<'t>(
    value: &'t [u8],
    cells: u32,
    property: &'static str,
) -> Result<impl Iterator<Item = Reader<'t>>, TreeError> {
    let size = 4 * cells as usize;
    if !value.len().is_multiple_of(size) {
        return Err(TreeError::BadLength {
            property,
            length: value.len(),
        });
    }
    if value.len() / size > limits::RANGES {
        return Err(TreeError::TooManyRanges);
    }
    Ok(value.chunks_exact(size).map(Reader))
}

/// Reads the `reg` of `node`, whose bus has `cells`: addresses on that bus, with their sizes.
pub(super) fn on_bus(node: Node<'_>, cells: Cells) -> Result<Vec<(BusAddress, u64)>, TreeError> {
    let value = node.property("reg").unwrap_or_default();
    if value.is_empty() {
        return Ok(Vec::new());
    }
    cells.check_addressed()?;
    if !cells.are_known() {
        return Ok(Vec::new());
    }
    let entries = entries(value, cells.address + cells.size, "reg")?;
    Ok(entries
        .map(|mut entry| (entry.address(cells.address), entry.number(cells.size)))
        .collect())
}

/// Reads the first address in the `reg` of `node`, whatever sizes follow it.
pub(super) fn first_plain(node: Node<'_>, cells: Cells) -> Result<u64, TreeError> {
    let property = "reg";
    let value = node
        .property(property)
        .ok_or(TreeError::PropertyMissing { property })?;
    let address_cells = cells.plain_address()?;
    match value.len() >= 4 * address_cells as usize {
        true => Ok(Reader(value).number(address_cells)),
        false => Err(TreeError::BadLength {
            property,
            length: value.len(),
        }),
    }
}

/// Returns the register regions of `node` as cores see them, without those that no core can reach.
pub(super) fn regions(node: Node<'_>) -> Result<Vec<Range>, TreeError> {
    let Some(bus) = node.parent() else {
        return Ok(Vec::new());
    };
    let Some(route) = route(bus)? else {
        return Ok(Vec::new());
    };
    let mut regions = Vec::new();
    for (address, size) in on_bus(node, Cells::of(bus)?)? {
        if let Some(address) = follow(&route, address)? {
            regions.push(Range::new(address.offset, size)?);
        }
    }
    Ok(regions)
}

/// Lists the windows between `bus` and the cores, unless a bus on the way has none.
fn route(bus: Node<'_>) -> Result<Option<Vec<Window<'_>>>, TreeError> {
    let mut bus = bus;
    let mut route = Vec::new();
    while let Some(parent) = bus.parent() {
        let Some(ranges) = bus.property("ranges") else {
            return Ok(None);
        };
        route.push(Window::new(bus, parent, ranges)?);
        bus = parent;
    }
    Ok(Some(route))
}

fn follow(route: &[Window<'_>], address: BusAddress) -> Result<Option<BusAddress>, TreeError> {
    let mut address = address;
    for window in route {
        match window.translate(address)? {
            Some(outside) => address = outside,
            None => return Ok(None),
        }
    }
    Ok(Some(address))
}

/// A `ranges` property with the cells of both its sides, read once for many addresses.
pub(super) struct Window<'t> {
    ranges: &'t [u8],
    inner: Cells,
    outer: Cells,
}

impl<'t> Window<'t> {
    /// Takes the given value for the `ranges` between `bus` and `parent`.
    pub(super) fn new(
        bus: Node<'t>,
        parent: Node<'t>,
        ranges: &'t [u8],
    ) -> Result<Self, TreeError> {
        Ok(Self {
            ranges,
            inner: Cells::of(bus)?,
            outer: Cells::of(parent)?,
        })
    }

    /// Translates an address on the bus into one on its parent, if it lies in a range.
    pub(super) fn translate(&self, address: BusAddress) -> Result<Option<BusAddress>, TreeError> {
        let Self {
            ranges,
            inner,
            outer,
        } = self;
        if ranges.is_empty() {
            return Ok(Some(address));
        }
        if !inner.are_known() || !outer.are_known() {
            return Ok(None);
        }
        for mut entry in entries(ranges, inner.address + outer.address + inner.size, "ranges")? {
            let start = entry.address(inner.address);
            let target = entry.address(outer.address);
            let size = entry.number(inner.size);
            let Some(distance) = address.offset.checked_sub(start.offset) else {
                continue;
            };
            if distance < size && address.has_space_of(start) {
                let overflow = TreeError::RangeOverflow {
                    base: target.offset,
                    size: distance,
                };
                let offset = target.offset.checked_add(distance).ok_or(overflow)?;
                return Ok(Some(BusAddress { offset, ..target }));
            }
        }
        Ok(None)
    }
}
