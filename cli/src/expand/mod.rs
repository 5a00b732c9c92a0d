//! `portcullis expand`: the GraphQL API that AppSync serves for a schema.
//!
//! 1. What is printed is the API that Amplify makes of the same schema, even where no door serves all of it; then that is
//!    said on standard error.
//! 2. With `--write`, which takes only what the doors serve, it goes into `appsync.graphql` beside the schema, and its resolvers into `template.yaml` beside it,
//!    between two marker comments. A template without them is left alone, and that is said. Where the first of them asks for
//!    stacks, the resolvers go into templates of their own, one for each model.
//! 3. Nothing is written before everything is known to be right, and a file that has not changed is not touched.

mod resolvers;
mod section;
mod stacks;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use portcullis_schema::Project;
use thiserror::Error;

use self::{
    resolvers::Resolver,
    section::{Section, SectionError},
};
use crate::{
    decide, output,
    schema_file::{self, SchemaFileError},
};

/// The file of the API, beside the schema.
const API: &str = "appsync.graphql";
/// The template, beside the schema.
const TEMPLATE: &str = "template.yaml";
/// What stands at the top of the API.
const HEADER: &str = "# The GraphQL API that `portcullis expand` makes of schema.graphql. Change that file, and not this one.\n\n";

/// What `portcullis expand` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
With --write the API goes into appsync.graphql beside the schema. Its resolvers go into template.yaml beside it, between \
the lines `# portcullis expand: begin` and `# portcullis expand: end`; a template without them is left as it is. With the \
line `# portcullis expand: begin stacks` each model's resolvers go into a template of their own in appsync-resolvers, for \
CloudFormation takes 500 resources in one. Choose before the first deployment: a resolver cannot move between stacks at once.")]
pub struct ExpandArgs {
    /// The models and their rules
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// Settings of the project, a JSON object of "auth", "synth" and "params" as in the cases of `portcullis decide`;
    /// without it every way to come in is configured, user pools by default
    #[arg(long, value_name = "FILE")]
    pub project: Option<PathBuf>,
    /// Write files instead of printing
    #[arg(long)]
    pub write: bool,
}

/// Why there is no API.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// The settings of the project cannot be used.
    #[error("cannot read the project in {}: {problem}", path.display())]
    Project {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// What was to be done with it.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The schema has parts that are not expanded.
    #[error("what no door serves is not expanded: {}", .0.join(", "))]
    Omitted(Vec<String>),
    /// The marker comments of the template do not enclose anything.
    #[error("{}: {problem}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: SectionError,
    },
    /// The API could not be printed.
    #[error("cannot print the API: {0}")]
    Print(io::Error),
}

/// Prints the API, or writes it and its resolvers.
pub(crate) fn run(args: &ExpandArgs) -> Result<(), ExpandError> {
    let project = match &args.project {
        None => Project::default(),
        Some(path) => {
            let text = fs::read(path).map_err(|error| error.to_string());
            text.and_then(|text| decide::read_project(&text))
                .map_err(|problem| ExpandError::Project { path: path.clone(), problem })?
        }
    };
    let validation = schema_file::validate(&args.schema, "--schema", &project)?;
    let schema = match (validation.clone().into_served(), args.write) {
        (Ok(schema), _) => schema,
        (Err(mistakes), true) => return Err(SchemaFileError::mistakes(mistakes).into()),
        (Err(mistakes), false) => {
            let schema = validation.into_accepted().map_err(SchemaFileError::mistakes)?;
            // Whoever reads the API alone must not take it for one that is served.
            eprintln!("portcullis: Amplify takes this schema, but no door serves all of it\n{mistakes}");
            schema
        }
    };
    let expanded = schema.expand();
    if !expanded.omitted().is_empty() {
        return Err(ExpandError::Omitted(expanded.omitted().to_vec()));
    }
    let api = format!("{HEADER}{}", expanded.to_sdl());
    if !args.write {
        return output::print(&api).map_err(ExpandError::Print);
    }
    let folder = args.schema.parent().unwrap_or(Path::new(""));
    let template = folder.join(TEMPLATE);
    let resolvers = resolvers::resolvers(&schema, &expanded);
    let (files, note) = match write::read_if_there(&template)? {
        None => (Vec::new(), format!("there is no {}: no resolvers are written", template.display())),
        Some(text) => files(&template, &text, &resolvers)
            .map_err(|problem| ExpandError::Template { path: template.clone(), problem })?,
    };
    let file = folder.join(API);
    write::write(&file, &api)?;
    for (path, text) in files {
        write::write(&path, &text)?;
    }
    output::print(&format!("{} holds the API\n{note}\n", file.display())).map_err(ExpandError::Print)
}

/// The files that hold the resolvers, the template last, and what is said of them.
fn files(
    template: &Path,
    text: &str,
    resolvers: &[Resolver<'_>],
) -> Result<(Vec<(PathBuf, String)>, String), SectionError> {
    let Some(section) = Section::find(text)? else {
        let note =
            format!("{} has no line `{}`: no resolvers are written", template.display(), section::BEGIN);
        return Ok((Vec::new(), note));
    };
    if !section.stacks {
        let text = section.replace(text, &resolvers::section(resolvers))?;
        return Ok((
            vec![(template.to_owned(), text)],
            format!("{} holds the resolvers", template.display()),
        ));
    }
    let stacks = stacks::stacks(resolvers);
    let folder = template.with_file_name(stacks::FOLDER);
    let text = section.replace(text, &stacks::section(&stacks))?;
    let note = format!("{} holds the resolvers, in {} templates", folder.display(), stacks.len());
    let templates = stacks.into_iter().map(|stack| (folder.join(stack.file()), stack.text));
    Ok((templates.chain([(template.to_owned(), text)]).collect(), note))
}
