//! What the libraries say of their steps.

/// Shows what the libraries say of their steps on stderr: nothing but errors, with `-v` the steps, with `-vv`
/// everything; `RUST_LOG` chooses more finely. To be called once.
pub fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "info",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}
