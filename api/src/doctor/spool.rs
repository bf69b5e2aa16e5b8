use std::path::Path;

use crate::audit;
use crate::config::Config;

use super::Finding;

/// Tries the audit spool, without which the server neither shows nor changes anything.
pub(super) fn examine(config: &Config) -> Finding {
    let (path, max) = (&config.audit.spool, config.audit.spool_max_bytes);
    match audit::survey(path) {
        Err(fault) => {
            Finding::error("audit spool", fault.to_string(), "make the folder writable, or set PHR_AUDIT_SPOOL")
        }
        Ok(_) if set_aside(path) > 0 => {
            let left = format!("{} damaged spool(s) in {} were set aside (*.damaged)", set_aside(path), path.display());
            let advice = "keep them: they hold entries that the audit trail lacks. Find out what damaged them";
            Finding::error("audit spool", left, advice)
        }
        Ok(found) if found.bytes > max / 2 => {
            let advice = "let the server reach its primary: it ships them by itself";
            Finding::warning("audit spool", format!("{} of {max} bytes wait to be shipped", found.bytes), advice)
        }
        Ok(found) if found.orphans > 0 => {
            let left = format!("{} process(es) ended and left entries, {} bytes", found.orphans, found.bytes);
            Finding::warning("audit spool", left, "start the server: it ships them")
        }
        Ok(found) => {
            let used = format!("{}, can be written, {} bytes wait to be shipped", path.display(), found.bytes);
            Finding::ok("audit spool", used)
        }
    }
}

/// How many spools the server found damaged and set aside.
fn set_aside(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "damaged")).count()
}
