use std::path::Path;

use super::folder::{Fault, Folder, instances, is_alive};
use super::segment;

/// How a machine's spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Processes that use it now.
    pub alive: usize,
    /// Folders of processes that have ended and left entries behind.
    pub orphans: usize,
    /// Bytes that were not shipped yet, or not removed yet since they were.
    pub bytes: u64,
}

/// Looks at a spool, and tries whether it can be written.
///
/// # Errors
/// When it cannot.
pub fn survey(spool: &Path) -> Result<Survey, Fault> {
    Folder::make(spool)?.remove()?;
    let mut survey = Survey::default();
    for (_, folder) in instances(spool)? {
        *(if is_alive(&folder) { &mut survey.alive } else { &mut survey.orphans }) += 1;
        survey.bytes += segment::bytes(&folder)?;
    }
    Ok(survey)
}
