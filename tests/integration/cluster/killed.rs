//! Whatever ends a test, its servers end with it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use support::{Cluster, eventually};

const WAITS: &str = "PHR_TEST_WAITS_TO_BE_KILLED";
const FOLDER: &str = "the folder is ";

/// No test of its own: what the other one kills.
#[test]
fn a_test_that_waits_to_be_killed() {
    if std::env::var_os(WAITS).is_none() {
        return;
    }
    let cluster = Cluster::start();
    let _server = cluster.serve(&[]);
    cluster.replicas()[0].freeze();
    println!("{FOLDER}{}", cluster.folder().display());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_test_that_is_killed_leaves_no_server_behind() {
    let own = std::env::current_exe().expect("a process knows its program");
    let mut killed = Command::new(own)
        .args(["--exact", "--nocapture", "cluster::killed::a_test_that_waits_to_be_killed"])
        .env(WAITS, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a test can be run alone");
    let mut said = BufReader::new(killed.stdout.take().expect("stdout is a pipe")).lines().map_while(Result::ok);
    let folder = said.find_map(|line| line.split_once(FOLDER).map(|(_, folder)| folder.to_owned()));
    killed.kill().and_then(|()| killed.wait()).expect("a child can be killed");
    let folder = folder.expect("it has said where its cluster is");
    eventually("the folder is gone", || (!std::path::Path::new(&folder).exists()).then_some(()));
    let processes = std::fs::read_dir("/proc").expect("processes can be listed");
    let places = processes.filter_map(|entry| std::fs::read_link(entry.ok()?.path().join("cwd")).ok());
    assert_eq!(places.filter(|place| place.starts_with(&folder)).count(), 0);
}
