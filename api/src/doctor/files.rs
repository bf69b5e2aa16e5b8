use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::Config;
use crate::file_modes;

use super::Finding;

const SUBJECT: &str = "file modes";

/// Checks that other users of this machine can use neither records nor the audit spool nor the key of the certificate.
pub(super) fn examine(config: &Config, findings: &mut Vec<Finding>) {
    let open = file_modes::open_to_others(config);
    findings.push(if open.is_empty() {
        Finding::ok(SUBJECT, "nobody but the server's user may use the files with records")
    } else {
        let listed: Vec<String> = open.iter().map(|(path, mode)| format!("{} ({mode:04o})", path.display())).collect();
        let advice = "run `chmod go-rwx` on them; `phr serve` does so when it starts, where it is their owner";
        Finding::error(SUBJECT, format!("others on this machine may use {}", listed.join(", ")), advice)
    });
    let key = Path::new(&config.server.tls_key);
    let mode = key.metadata().ok().filter(|_| !config.server.tls_key.is_empty());
    let mode = mode.map(|metadata| metadata.permissions().mode() & 0o7777);
    if let Some(mode) = mode.filter(|mode| mode & 0o007 != 0) {
        let found = format!("everybody on this machine may use {} ({mode:04o})", key.display());
        findings.push(Finding::error("TLS key", found, "run `chmod o-rwx` on it, and think of a new key"));
    }
}
