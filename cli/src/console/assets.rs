//! Scripts and styles of the pages, kept in the program.

use axum::{Router, response::IntoResponse, routing::get};
use http::header::CONTENT_TYPE;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

macro_rules! asset {
    ($file:literal) => {
        include_str!(concat!("../../assets/", $file))
    };
}

/// Where each is served, what it is, and the file itself.
const ASSETS: [(&str, &str, &str); 14] = [
    ("/console/answer.js", SCRIPT, asset!("console/answer.js")),
    ("/console/console.css", STYLE, asset!("console/console.css")),
    ("/console/console.js", SCRIPT, asset!("console/console.js")),
    ("/console/dom.js", SCRIPT, asset!("console/dom.js")),
    ("/console/explanation.js", SCRIPT, asset!("console/explanation.js")),
    ("/console/icon.svg", IMAGE, asset!("console/icon.svg")),
    ("/console/matrix.js", SCRIPT, asset!("console/matrix.js")),
    ("/console/people.js", SCRIPT, asset!("console/people.js")),
    ("/console/requests.js", SCRIPT, asset!("console/requests.js")),
    ("/console/session.js", SCRIPT, asset!("console/session.js")),
    ("/console/user-pool.js", SCRIPT, asset!("console/user-pool.js")),
    // GraphiQL, built from packages as cli/graphiql says.
    ("/console/graphiql.js", SCRIPT, asset!("graphiql/graphiql.js")),
    ("/console/graphiql.css", STYLE, asset!("graphiql/graphiql.css")),
    ("/console/graphiql-licences.txt", TEXT, asset!("graphiql/licences.txt")),
];

pub(super) fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, &(path, kind, file)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], file).into_response() }))
    })
}
