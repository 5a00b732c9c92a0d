//! Another schema in the same binary: keys of several fields, an index, relations and a field with rules of its own, over
//! HTTP.

use portcullis_tests::{Launch, repository};
use serde_json::{Value, json};

const PASSWORD: &str = "Quiet-River-2718";

#[tokio::test]
async fn readers_walk_along_shelves_and_authors_and_keep_their_loans_to_themselves() {
    let schema = repository().join("tests/schemas/library.graphql");
    let system = Launch::in_memory().schema(&schema).start().unwrap();
    let users = system.users();
    let ann = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    let bob = users.enroll("bob@example.com", PASSWORD).await.unwrap();
    users.enroll("eda@example.com", PASSWORD).await.unwrap();
    users.join("eda@example.com", "editors").await.unwrap();
    // A group is in the tokens of the next sign-in.
    let eda = users.sign_in("eda@example.com", PASSWORD).await.unwrap();
    let [ann, bob, eda] = [ann, bob, eda].map(|tokens| system.rest().with_token(&tokens.access));

    let author = eda.post("/authors", &json!({ "id": "woolf", "name": "Virginia Woolf" })).await.unwrap();
    assert_eq!(author.status, 201, "{}", author.body);
    for (isbn, title, shelf) in [
        ("978-0156907392", "To the Lighthouse", "W1"),
        ("978-0156628709", "Mrs Dalloway", "W1"),
        ("978-0156949606", "The Waves", "W2"),
    ] {
        let book =
            json!({ "isbn": isbn, "title": title, "shelf": shelf, "price": 9.5, "authorBooksId": "woolf" });
        let made = eda.post("/books", &book).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(made.header("location").ends_with(&format!("/books/{isbn}")), "{}", made.header("location"));
    }

    let titles = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|book| book["title"].as_str().unwrap().to_owned()).collect()
    };
    let shelf = ann.get("/books?index=byShelf&shelf=W1").await.unwrap();
    assert_eq!(
        (shelf.status, titles(&shelf.body)),
        (200, ["Mrs Dalloway", "To the Lighthouse"].map(String::from).into())
    );
    let later = ann.get("/books?index=byShelf&shelf=W1&title.gt=N").await.unwrap();
    assert_eq!(titles(&later.body), ["To the Lighthouse"]);
    let mut all = titles(&ann.get("/authors/woolf/books").await.unwrap().body);
    all.sort();
    assert_eq!(all, ["Mrs Dalloway", "The Waves", "To the Lighthouse"]);
    let author = ann.get("/books/978-0156949606/author").await.unwrap();
    assert_eq!((author.status, author.text("/name")), (200, "Virginia Woolf"));

    // The price is for editors, by whichever way a book is reached.
    for path in ["/books/978-0156949606", "/books", "/books?index=byShelf&shelf=W2", "/authors/woolf/books"] {
        let (hers, theirs) = (ann.get(path).await.unwrap(), eda.get(path).await.unwrap());
        assert!(!hers.body.to_string().contains("9.5"), "{path}: {}", hers.body);
        assert!(theirs.body.to_string().contains("9.5"), "{path}: {}", theirs.body);
    }
    let dearer = ann.patch("/books/978-0156949606", &json!({ "price": 1 })).await.unwrap();
    assert_eq!(dearer.status, 403, "{}", dearer.body);

    let loan = json!({ "isbn": "978-0156949606", "since": "2026-01-31" });
    assert_eq!(ann.post("/loans", &loan).await.unwrap().status, 201);
    let path = "/loans/978-0156949606/2026-01-31";
    for (name, answer, status) in [
        ("a loan is there once", ann.post("/loans", &loan).await, 409),
        ("its reader sees it", ann.get(path).await, 200),
        ("another does not", bob.get(path).await, 404),
        ("another does not end it", bob.patch(path, &json!({ "until": "2026-02-01" })).await, 404),
        ("its reader ends it", ann.patch(path, &json!({ "until": "2026-02-01" })).await, 200),
        ("there is none of that day", ann.get("/loans/978-0156949606/2026-02-01").await, 404),
        (
            "nobody adds a book but editors",
            bob.post("/books", &json!({ "isbn": "1", "title": "Mine" })).await,
            403,
        ),
    ] {
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let loans = |answer: portcullis_tests::Answer| answer.body["items"].as_array().unwrap().len();
    let query = "/loans?isbn=978-0156949606&since.ge=2026-01-01";
    assert_eq!(loans(ann.get(query).await.unwrap()), 1);
    assert_eq!(loans(bob.get(query).await.unwrap()), 0);
}
