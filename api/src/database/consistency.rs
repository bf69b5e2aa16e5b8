use std::str::FromStr;

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Any node that is fit to serve reads.
    Eventual,
    /// The caller's own writes are seen.
    #[default]
    Session,
    /// Every write acknowledged before is seen: the primary.
    Strong,
}

impl FromStr for Consistency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "eventual" => Ok(Self::Eventual),
            "session" => Ok(Self::Session),
            "strong" => Ok(Self::Strong),
            _ => Err("X-Consistency takes eventual, session or strong"),
        }
    }
}
