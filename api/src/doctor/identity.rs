use crate::app;
use crate::auth::{KeyFile, KeyFileError, Standing};
use crate::config::Config;
use crate::database::Cluster;

use super::Finding;

const KEY_FILE: &str = "key file";

/// Looks at the key file, without making one, and at where it lets the server listen.
pub(super) fn examine_key_file(config: &Config, findings: &mut Vec<Finding>) -> Option<KeyFile> {
    let file = match config.existing_key_file() {
        Ok(file) => file,
        Err(error) => {
            let advice = match &error {
                KeyFileError::Exposed(_) => {
                    "run `chmod 600` on it; if somebody may have read it, make new keys with `phr key rotate --revoke`"
                }
                _ => "correct PHR_KEY_FILE, or make a key file with `phr key create FILE`",
            };
            findings.push(Finding::error(KEY_FILE, error.to_string(), advice));
            return None;
        }
    };
    findings.push(match &file {
        None => Finding::warning(
            KEY_FILE,
            "none yet",
            "on loopback `phr serve` makes one for this machine; beyond, name one in PHR_KEY_FILE that `phr key create FILE` has made",
        ),
        Some(file) if file.is_local() => {
            Finding::ok(KEY_FILE, format!("of this machine's own, for loopback alone; fingerprint {}", file.fingerprint()))
        }
        Some(file) => Finding::ok(KEY_FILE, format!("made by an operator; fingerprint {}", file.fingerprint())),
    });
    findings.push(match app::may_listen(config, file.as_ref()) {
        Ok(address) => Finding::ok("listen", address.to_string()),
        Err(error) => Finding::error("listen", error.to_string(), "see the message"),
    });
    file
}

/// Looks at who can sign in to the database, and with which keys.
pub(super) async fn examine_standing(cluster: &Cluster, file: Option<&KeyFile>, findings: &mut Vec<Finding>) {
    let standing = match Standing::read(cluster, file).await {
        Ok(standing) => standing,
        Err(error) => {
            findings.push(Finding::error("signing keys", error.to_string(), "see the other findings"));
            return;
        }
    };
    findings.push(signing_keys(&standing));
    findings.push(match standing.administrators {
        0 => Finding::warning(
            "administrators",
            "no user may manage users",
            "create the first: `phr user create --username NAME`",
        ),
        count => Finding::ok("administrators", format!("{count} user(s) may manage users")),
    });
}

fn signing_keys(standing: &Standing) -> Finding {
    let subject = "signing keys";
    let Standing { own_keys, foreign_keys, can_sign, .. } = *standing;
    let sealers = standing.sealers.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match (own_keys, foreign_keys) {
        (0, 0) => Finding::ok(subject, "none yet; the first is made when a server starts"),
        (_, 0) if can_sign => Finding::ok(subject, format!("{own_keys}, sealed by this key file")),
        (_, 0) => Finding::error(subject, "none may sign any more", "run `phr key rotate`"),
        _ if can_sign => Finding::warning(
            subject,
            format!("{own_keys} sealed by this key file, and {foreign_keys} by another, with fingerprint {sealers}"),
            "tokens of the others are refused here: give all servers one key file, or run `phr key rotate --revoke`",
        ),
        _ => Finding::error(
            subject,
            format!("{foreign_keys}, sealed by another key file, with fingerprint {sealers}"),
            "name that file in PHR_KEY_FILE, or run `phr key rotate --revoke`, which ends every session",
        ),
    }
}
