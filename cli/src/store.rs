//! The table that a command works on: in a data folder of this machine, behind an address, or at AWS.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis_data::{ConnectOptions, Meter, Table, connect};
use thiserror::Error;

use crate::{
    DataFolder,
    local::{Listener, OpenFolder, Servers, StartError, TABLE_NAME, dynamodb},
};

/// How often a call to AWS is made before it counts as failed: a command has time, and on-demand tables need some to grow.
const ATTEMPTS: u32 = 8;

/// Where the table is.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// The data folder of the local system, which must not be running; without --endpoint and --table
    #[arg(long, default_value = ".portcullis", value_name = "DIR", conflicts_with_all = ["endpoint", "table"])]
    pub data: PathBuf,
    /// The address of DynamoDB on this machine, as a running system prints it
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The name of the table; without --endpoint at AWS, with the region and credentials of the environment
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

/// Why the table cannot be reached, in words for the person at the terminal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreOpenError {
    /// There is nothing in the folder.
    #[error("there is no data in {}; name another folder with --data DIR, or a table with --table NAME", .0.display())]
    NoData(PathBuf),
    /// A running system uses it.
    #[error(
        "the data folder {} is in use by another portcullis; name the address that it prints for DynamoDB with --endpoint URL", .0.display()
    )]
    InUse(PathBuf),
    /// The embedded engine does not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// An open table. What serves it ends with this value.
#[derive(Debug)]
pub(crate) struct OpenStore {
    pub(crate) table: Table,
    /// Of the table's connection.
    pub(crate) meter: Meter,
    engine: Option<(Servers, OpenFolder)>,
}

impl OpenStore {
    pub(crate) async fn open(args: &StoreArgs) -> Result<Self, StoreOpenError> {
        let meter = Meter::default();
        let name = args.table.clone().unwrap_or_else(|| TABLE_NAME.to_owned());
        let (options, engine) = match (&args.endpoint, &args.table) {
            (Some(endpoint), _) => (ConnectOptions::local(endpoint), None),
            (None, Some(_)) => (ConnectOptions::aws().attempts(ATTEMPTS), None),
            (None, None) => {
                let (url, servers, folder) = start_engine(&args.data).await?;
                (ConnectOptions::local(url), Some((servers, folder)))
            }
        };
        let table = Table::new(connect(&options.meter(&meter)), name);
        Ok(Self { table, meter, engine })
    }

    /// Lets the engine finish what it does.
    pub(crate) async fn close(self) {
        if let Some((servers, _folder)) = self.engine {
            servers.end().await;
        }
    }
}

async fn start_engine(path: &Path) -> Result<(String, Servers, OpenFolder), StoreOpenError> {
    if !path.join(dynamodb::FILE).is_file() {
        return Err(StoreOpenError::NoData(path.to_owned()));
    }
    let folder = match OpenFolder::open(&DataFolder::Folder(path.to_owned())) {
        Err(StartError::DataFolderInUse(path)) => return Err(StoreOpenError::InUse(path)),
        folder => folder?.ok_or_else(|| StoreOpenError::NoData(path.to_owned()))?,
    };
    let listener = Listener::bind(0, "DynamoDB", "--endpoint").await?;
    let (url, mut servers) = (listener.url(), Servers::default());
    servers.serve(listener, dynamodb::router(dynamodb::open(Some(&folder))?));
    Ok((url, servers, folder))
}
