//! The private PostgreSQL cluster: durable, alone in its folder, back after a kill, plain about what is wrong.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tenderhall::platform::cluster::{
    APP_ROLE, Binaries, Cluster, ClusterError, ClusterOptions, OWNER_ROLE, create_database, prepare_roles,
};
use tokio_postgres::Client;

use crate::support::{db::connect, scratch::Scratch};

fn options(dir: &Path) -> ClusterOptions {
    ClusterOptions { fsync: false, max_connections: 10, shared_buffers_mib: 16, ..ClusterOptions::new(dir) }
}

async fn setting(client: &Client, name: &str) -> String {
    client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap().get(0)
}

fn kill(order: &str, pid: i32) {
    assert!(Command::new("kill").args([order, &pid.to_string()]).status().unwrap().success());
}

/// Waits for a new postmaster that answers, as a service would.
async fn connect_again(cluster: &Cluster, former: i32) -> Client {
    let begun = Instant::now();
    loop {
        if cluster.postmaster_pid().is_some_and(|pid| pid != former)
            && let Ok(client) = connect(&cluster.superuser_url()).await
        {
            return client;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no postmaster within 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_new_cluster_is_durable_private_and_has_its_roles() {
    let scratch = Scratch::new("durable");
    // With the settings of a real instance: only the folder differs.
    let cluster = Cluster::start(&ClusterOptions::new(scratch.path())).unwrap();
    let client = connect(&cluster.superuser_url()).await.unwrap();
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("max_connections", "60"),
        ("shared_buffers", "64MB"),
    ] {
        assert_eq!(setting(&client, name).await, value, "{name}");
    }
    let socket = fs::metadata(scratch.path().join("postgres/socket")).unwrap();
    assert_eq!(socket.mode() & 0o777, 0o700);

    for _twice in 0..2 {
        prepare_roles(&cluster.superuser_url()).await.unwrap();
        create_database(&cluster.superuser_url(), "hall", OWNER_ROLE).await.unwrap();
    }
    let owner = connect(&cluster.url("hall", OWNER_ROLE)).await.unwrap();
    owner.batch_execute("CREATE TABLE kept (n int)").await.unwrap();
    let app = connect(&cluster.url("hall", APP_ROLE)).await.unwrap();
    let refused = app.batch_execute("CREATE TABLE mine (n int)").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501", "the service's role makes no tables: {refused}");
    let refused = app.batch_execute("SELECT * FROM kept").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501", "it reads only what it was granted: {refused}");
}

#[tokio::test]
async fn a_second_start_on_existing_data_is_quick_and_finds_them() {
    let scratch = Scratch::new("again");
    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    let client = connect(&cluster.superuser_url()).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    cluster.stop();
    assert!(!scratch.path().join("postgres/data/postmaster.pid").exists(), "it was shut down in good order");

    let begun = Instant::now();
    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    let client = connect(&cluster.superuser_url()).await.unwrap();
    assert_eq!(client.query_one("SELECT n FROM kept", &[]).await.unwrap().get::<_, i32>(0), 42);
}

#[tokio::test]
async fn a_killed_postmaster_is_started_anew_and_keeps_what_was_committed() {
    let scratch = Scratch::new("killed");
    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    let client = connect(&cluster.superuser_url()).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    let former = cluster.postmaster_pid().unwrap();
    kill("-KILL", former);
    let client = connect_again(&cluster, former).await;
    assert_eq!(client.query_one("SELECT n FROM kept", &[]).await.unwrap().get::<_, i32>(0), 42);
}

#[test]
fn a_second_keeper_of_one_folder_is_told_so() {
    let scratch = Scratch::new("twice");
    let _first = Cluster::start(&options(scratch.path())).unwrap();
    let error = Cluster::start(&options(scratch.path())).unwrap_err();
    assert!(matches!(error, ClusterError::InUse { .. }), "{error}");
    let sentence = error.to_string();
    assert!(sentence.contains(&format!("(process {})", std::process::id())), "{sentence}");
    assert!(sentence.contains("--data"), "it names the remedy: {sentence}");
}

fn socket_url(cluster_dir: &Path) -> String {
    let socket = cluster_dir.join("postgres/socket");
    format!("postgresql://postgres@{}/postgres", socket.display().to_string().replace('/', "%2F"))
}

/// Starts a postmaster nobody keeps, as a killed service would leave it if the kernel did not tell it.
fn orphan(cluster_dir: &Path) -> i32 {
    let data = cluster_dir.join("postgres/data");
    let owner = fs::metadata(&data).unwrap();
    let mut command = Command::new(Binaries::find(None, None).unwrap().program("postgres"));
    command.arg("-D").arg(&data).arg("-k").arg(cluster_dir.join("postgres/socket"));
    command.args(["-c", "listen_addresses="]).current_dir("/").process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if owner.uid() != fs::metadata("/proc/self").unwrap().uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let mut child = command.spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    // Reaped as init would.
    std::thread::spawn(move || child.wait());
    let begun = Instant::now();
    while !fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("\nready")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the orphan does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    pid
}

#[tokio::test]
async fn a_postmaster_left_behind_is_relieved_with_its_clients_and_nothing_is_lost() {
    let scratch = Scratch::new("orphan");
    Cluster::start(&options(scratch.path())).unwrap().stop();
    let left = orphan(scratch.path());
    let client = connect(&socket_url(scratch.path())).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();

    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    assert_ne!(cluster.postmaster_pid(), Some(left));
    let client = connect(&cluster.superuser_url()).await.unwrap();
    assert_eq!(client.query_one("SELECT n FROM kept", &[]).await.unwrap().get::<_, i32>(0), 42);
}

const KEEP: &str = "TENDERHALL_TEST_KEEP";

#[test]
#[ignore = "not a test: the process that the next one kills"]
fn a_keeper_to_be_killed() {
    let Some(dir) = std::env::var_os(KEEP).map(PathBuf::from) else { return };
    let _cluster = Cluster::start(&options(&dir)).unwrap();
    fs::write(dir.join("kept"), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

/// Another process that keeps a cluster in `dir`, as the service would.
async fn keeper(dir: &Path) -> Child {
    let keeper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cluster::a_keeper_to_be_killed", "--ignored"])
        .env(KEEP, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !dir.join("kept").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the keeper does not start");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    keeper
}

#[tokio::test]
async fn a_killed_service_takes_postgresql_along_and_the_next_start_has_all_that_was_committed() {
    let scratch = Scratch::new("keeper");
    let mut keeper = keeper(scratch.path()).await;
    let client = connect(&socket_url(scratch.path())).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    keeper.kill().unwrap();
    keeper.wait().unwrap();

    let begun = Instant::now();
    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    let client = connect(&cluster.superuser_url()).await.unwrap();
    assert_eq!(client.query_one("SELECT n FROM kept", &[]).await.unwrap().get::<_, i32>(0), 42);
}

#[tokio::test]
async fn the_kernel_stops_postgresql_when_its_keeper_is_killed() {
    let scratch = Scratch::new("alone");
    let mut keeper = keeper(scratch.path()).await;
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    let begun = Instant::now();
    while scratch.path().join("postgres/data/postmaster.pid").exists() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the postmaster lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn after_a_kill_of_everything_a_pid_file_that_names_another_process_is_not_believed() {
    let scratch = Scratch::new("stale");
    Cluster::start(&options(scratch.path())).unwrap().stop();
    let left = orphan(scratch.path());
    kill("-KILL", left);
    let pid_file = scratch.path().join("postgres/data/postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    // The number went to a process that lives on: this test.
    fs::write(&pid_file, text.replacen(&left.to_string(), &std::process::id().to_string(), 1)).unwrap();
    let cluster = Cluster::start(&options(scratch.path())).unwrap();
    connect(&cluster.superuser_url()).await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_another_place_for_it() {
    let scratch = Scratch::new("long");
    let dir = scratch.path().join("内蒙古自治区锡林郭勒盟公共资源交易中心".repeat(2));
    let cluster = Cluster::start(&options(&dir)).unwrap();
    let client = connect(&cluster.superuser_url()).await.unwrap();
    let socket = PathBuf::from(setting(&client, "unix_socket_directories").await.trim_matches('"'));
    assert!(!socket.starts_with(&dir));
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    drop(client);
    cluster.stop();
    assert!(!socket.exists(), "it does not stay behind");
}

#[tokio::test]
async fn quotes_commas_and_spaces_in_a_path_do_no_harm() {
    let scratch = Scratch::new("odd");
    let cluster = Cluster::start(&options(&scratch.path().join("a, \"b\" c%d"))).unwrap();
    connect(&cluster.superuser_url()).await.unwrap();
}

#[test]
fn a_folder_postgres_may_not_enter_is_refused_with_the_remedy() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return; // Only root hands PostgreSQL to another user.
    }
    let scratch = Scratch::new("closed");
    let closed = scratch.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let error = Cluster::start(&options(&closed.join("data"))).unwrap_err();
    assert!(matches!(error, ClusterError::CannotEnter { .. }), "{error}");
    let sentence = error.to_string();
    assert!(sentence.contains("`postgres`, who may not enter"), "{sentence}");
    assert!(sentence.contains(&format!("chmod o+x {}", closed.display())), "{sentence}");
}

#[test]
fn postgres_own_last_words_are_passed_on() {
    let scratch = Scratch::new("broken");
    Cluster::start(&options(scratch.path())).unwrap().stop();
    let conf = scratch.path().join("postgres/data/postgresql.conf");
    fs::write(&conf, "shared_preload_libraries = 'no_such_library'\n").unwrap();
    let error = Cluster::start(&options(scratch.path())).unwrap_err();
    assert!(error.to_string().contains("no_such_library"), "{error}");
}

#[test]
fn an_unfinished_initdb_does_not_count() {
    let scratch = Scratch::new("half");
    fs::create_dir_all(scratch.path().join("postgres/data.new/base")).unwrap();
    Cluster::start(&options(scratch.path())).unwrap();
}

#[test]
fn data_of_another_version_name_the_version_to_install() {
    let scratch = Scratch::new("older");
    Cluster::start(&options(scratch.path())).unwrap().stop();
    fs::write(scratch.path().join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::start(&options(scratch.path())).unwrap_err();
    assert!(error.to_string().contains("apt-get install postgresql-9"), "{error}");
}
