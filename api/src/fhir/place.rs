/// Where in the input something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Which source, in the order of reading.
    pub(super) source: u32,
    /// Which line, counting from 1, of a source that is read by lines.
    pub(super) line: Option<u64>,
    /// Which entry of a bundle, counting from 1.
    pub(super) entry: Option<u64>,
    /// The resource's number in its source.
    pub(super) number: u64,
}

impl Place {
    /// The same for the same resource in every reading, and different for every resource.
    pub(super) fn ordinal(self) -> u64 {
        u64::from(self.source) << 40 | self.number
    }
}
