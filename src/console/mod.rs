//! The web pages.
#![allow(missing_docs)]
pub struct Desk {
    pub books: std::sync::Arc<crate::store::Books>,
    pub intake: std::sync::Arc<crate::store::Intake>,
    pub setup: crate::pipeline::Setup,
    pub metrics: std::sync::Arc<crate::telemetry::Metrics>,
    pub site_name: String,
    pub ready: std::sync::Arc<std::sync::atomic::AtomicBool>,
}
pub async fn serve(
    _: tokio::net::TcpListener,
    _: Desk,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    stop.await;
    Ok(())
}
