"""The function that answers a GraphQL API, as it is released.

`direct`: behind the emulator's AppSync, with the resolvers of the template. `events`: with the events that AWS documents, from a Runtime API
that is played here; the emulator is its DynamoDB. `http-api`: the other function that answers the same API, in the same way. `RESOLVERS` holds the template's resolvers as JSON, `SCHEMA` is the schema of the API.
"""

import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import urllib.request

from triggers import CREDENTIALS, ENDPOINT, FUNCTIONS, REGION, TABLE, check, client, function, pool, pools, sign_in, sign_up, table

POOL_ID = "us-east-1_Ab12Cd34E"
ISSUER = f"https://cognito-idp.{REGION}.amazonaws.com/{POOL_ID}"
OTHER_ISSUER = "https://sign-in.example.com"
MODES = "apiKey,iam,lambda"
# Stands in what clients send, and must not be in the log.
SECRET = "do-not-log-this"


def api(user_pool, resolvers):
    """An API with the schema and the resolvers of the template."""
    app_sync = client("appsync")
    made = app_sync.create_graphql_api(
        name="api",
        authenticationType="AMAZON_COGNITO_USER_POOLS",
        userPoolConfig={"userPoolId": user_pool, "awsRegion": REGION, "defaultAction": "ALLOW"},
    )["graphqlApi"]["apiId"]
    schema = pathlib.Path(os.environ["SCHEMA"]).read_bytes()
    app_sync.start_schema_creation(apiId=made, definition=schema)
    app_sync.create_data_source(
        apiId=made,
        name="resolvers",
        type="AWS_LAMBDA",
        serviceRoleArn="arn:aws:iam::000000000000:role/source",
        lambdaConfig={"lambdaFunctionArn": resolvers},
    )
    for resolver in json.loads(os.environ["RESOLVERS"]):
        more = {"maxBatchSize": resolver["MaxBatchSize"]} if "MaxBatchSize" in resolver else {}
        if "Code" in resolver:
            runtime = resolver["Runtime"]
            more |= {
                "code": resolver["Code"],
                "runtime": {"name": runtime["Name"], "runtimeVersion": str(runtime["RuntimeVersion"])},
            }
        app_sync.create_resolver(
            apiId=made,
            typeName=resolver["TypeName"],
            fieldName=resolver["FieldName"],
            kind=resolver["Kind"],
            dataSourceName="resolvers",
            **more,
        )
    return made


def direct():
    table()
    before = function("pre-signup", AUTO_CONFIRM_DOMAINS="example.com")
    user_pool, app = pool(PreSignUp=before)
    resolvers = function("resolvers", TABLE_NAME=TABLE, USER_POOL_ID=user_pool, USER_POOL_CLIENT_IDS=app)
    made = api(user_pool, resolvers)
    pools.create_group(UserPoolId=user_pool, GroupName="editors")
    for name in ("ann", "bob", "eve"):
        sign_up(app, f"{name}@example.com")
    pools.admin_add_user_to_group(UserPoolId=user_pool, Username="eve@example.com", GroupName="editors")
    tokens = {name: sign_in(app, f"{name}@example.com")["AccessToken"] for name in ("ann", "bob", "eve")}

    def ask(token, query, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Authorization": token, "Content-Type": "application/json"}
        url = f"{ENDPOINT}/v1/apis/{made}/graphql"
        return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))

    create = "mutation M($input: CreateNoteInput!) { createNote(input: $input) { id title owner tags } }"
    said = ask(tokens["ann"], create, input={"id": "n1", "title": "plan", "tags": ["a"]})
    note = said["data"]["createNote"]
    check("a record is made", (note["id"], note["title"], note["tags"]) == ("n1", "plan", ["a"]), said)
    check("and has its owner", note["owner"], said)
    get = 'query Q { getNote(id: "n1") { title createdAt } }'
    check("its owner reads it", ask(tokens["ann"], get)["data"]["getNote"]["title"] == "plan")
    listed = "query Q($filter: ModelNoteFilterInput) { listNotes(filter: $filter) { items { id } nextToken } }"

    def ids(name, **variables):
        said = ask(tokens[name], listed, **variables)
        return [note["id"] for note in said["data"]["listNotes"]["items"]]

    check("and lists it", ids("ann") == ["n1"])
    check("editors do", ids("eve") == ["n1"])
    check("nobody else does", ids("bob") == [])
    check("a filter is applied", ids("ann", filter={"title": {"eq": "another"}}) == [])
    change = "mutation M($input: UpdateNoteInput!) { updateNote(input: $input) { title } }"
    said = ask(tokens["eve"], change, input={"id": "n1", "title": "better plan"})
    check("an editor changes it", said["data"]["updateNote"]["title"] == "better plan", said)

    # The emulator takes what the function says of an error for a record without these fields.
    for what, query in (
        ("read", get),
        ("change", 'mutation M { updateNote(input: { id: "n1", title: "taken" }) { title } }'),
        ("remove", 'mutation M { deleteNote(input: { id: "n1" }) { id title } }'),
    ):
        said = ask(tokens["bob"], query)
        check(f"nobody else may {what} it", "plan" not in json.dumps(said) and said.get("errors"), said)
    check("it is as it was", ask(tokens["ann"], get)["data"]["getNote"]["title"] == "better plan")
    remove = 'mutation M { deleteNote(input: { id: "n1" }) { id } }'
    check("its owner removes it", ask(tokens["ann"], remove)["data"]["deleteNote"]["id"] == "n1")
    check("and it is gone", ids("ann") == [])


class Runtime:
    """The Runtime API of AWS Lambda, and a function that works for it."""

    def __init__(self, name, **variables):
        self.events, self.answers, self.log = queue.Queue(), queue.Queue(), []
        runtime = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                event = runtime.events.get()
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 60) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:" + name)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                runtime.answers.put((self.path.rsplit("/", 1)[-1], json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # The function is ended while it waits for work.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "test",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            "AWS_LAMBDA_LOG_LEVEL": "TRACE",
            "AWS_ENDPOINT_URL": ENDPOINT,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "TABLE_NAME": TABLE,
        }
        program = FUNCTIONS / name / "bootstrap"
        self.process = subprocess.Popen([program], env=environment | variables, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read_log, daemon=True).start()

    def read_log(self):
        for line in self.process.stdout:
            self.log.append(line)
        # Nobody waits for an answer that does not come.
        self.answers.put(("ended", self.process.wait()))

    def invoke(self, event):
        self.events.put(event)
        return self.answers.get(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def context(identity, field, arguments=None, source=None):
    """What AWS documents that a direct Lambda resolver gets."""
    of, field = field.split(".")
    return {
        "arguments": arguments or {},
        "identity": identity,
        "source": source,
        "request": {
            # One that was sent once, one that was sent twice.
            "headers": {"x-amzn-trace-id": "Root=1", "x-forwarded-for": ["203.0.113.1", "198.51.100.2"], "authorization": SECRET},
            "domainName": None,
        },
        "prev": None,
        "info": {
            "selectionSetList": ["id"],
            "selectionSetGraphQL": "{\n  id\n}",
            "parentTypeName": of,
            "fieldName": field,
            "variables": {},
        },
        "stash": {},
    }


def cognito(sub, groups=None, **claims):
    said = {
        "iss": ISSUER,
        "sub": sub,
        "token_use": "access",
        "client_id": "web",
        "username": sub,
        "exp": int(time.time()) + 3600,
        "iat": int(time.time()),
        "scope": "aws.cognito.signin.user.admin",
        "email": SECRET,
    }
    said |= {"cognito:groups": groups} if groups else {}
    return {
        "claims": said | claims,
        "defaultAuthStrategy": "ALLOW",
        "groups": groups,
        "issuer": ISSUER,
        "sourceIp": ["203.0.113.1"],
        "sub": sub,
        "username": sub,
    }


def oidc(issuer=OTHER_ISSUER, audience="web"):
    claims = {"iss": issuer, "sub": "ann", "aud": audience, "exp": int(time.time()) + 3600}
    return {"claims": claims, "issuer": issuer, "sub": "ann"}


def iam():
    provider = f"cognito-idp.{REGION}.amazonaws.com/{POOL_ID}"
    return {
        "accountId": "111122223333",
        "cognitoIdentityPoolId": "us-east-1:p",
        "cognitoIdentityId": "us-east-1:i",
        "sourceIp": ["203.0.113.1"],
        "username": "AROAEXAMPLE:CognitoIdentityCredentials",
        "userArn": "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials",
        "cognitoIdentityAuthType": "authenticated",
        "cognitoIdentityAuthProvider": f'"{provider}","{provider}:CognitoSignIn:u1"',
    }


def http_api():
    """The same API at the function behind the HTTP API, which a variable turns on."""
    table()
    variables = {"USER_POOL_ID": POOL_ID, "USER_POOL_CLIENT_IDS": "web", "API_KEYS": "da2-a-key-for-public-rules"}
    query = json.dumps({"query": "{ listArticles { items { id } } listNotes { items { id } } }"})

    def event(headers):
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/graphql",
            "rawQueryString": "",
            "headers": {"content-type": "application/json"} | headers,
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "api",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {"method": "POST", "path": "/graphql", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1", "userAgent": "test"},
                "requestId": "1",
                "routeKey": "$default",
                "stage": "$default",
                "time": "29/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1795953600000,
            },
            "body": query,
            "isBase64Encoded": False,
        }

    with_key = event({"x-api-key": variables["API_KEYS"]})
    with Runtime("api", GRAPHQL="on", **variables) as runtime:
        kind, answer = runtime.invoke(with_key)
        check("a query is answered", kind == "response" and answer["statusCode"] == 200, (kind, answer))
        said = json.loads(answer["body"])
        check("what the rules admit is shown", said["data"]["listArticles"] == {"items": []}, said)
        refused = [error["path"] for error in said["errors"] if error["errorType"] == "Unauthorized"]
        check("what they do not is refused", said["data"]["listNotes"] is None and refused == [["listNotes"]], said)
        check("nobody comes in without a key", runtime.invoke(event({}))[1]["statusCode"] == 401)
    with Runtime("api", **variables) as runtime:
        check("it is closed by itself", runtime.invoke(with_key)[1]["statusCode"] == 404)


def events():
    table()
    variables = {
        "USER_POOL_ID": POOL_ID,
        "USER_POOL_CLIENT_IDS": "web",
        "APPSYNC_MODES": MODES,
        "OIDC_ISSUER": OTHER_ISSUER,
        "OIDC_AUDIENCES": "web",
        "ADMIN_ROLES": "ops",
    }
    refusal = lambda field, of: {"errorType": "Unauthorized", "errorMessage": f"Not Authorized to access {field} on type {of}"}
    with Runtime("resolvers", **variables) as runtime:
        ann = cognito("ann")
        article = {"id": "a1", "headline": "News", "text": SECRET, "section": "LOCAL"}
        eve = cognito("eve", ["editors"])
        kind, made = runtime.invoke(context(eve, "Mutation.createArticle", {"input": article}))
        check("a member of a group writes", kind == "response" and made["id"] == "a1", (kind, made))
        read = {"id": "a1"}
        roles = iam() | {"userArn": "arn:aws:sts::111122223333:assumed-role/ops/somebody"}
        del roles["cognitoIdentityId"], roles["cognitoIdentityPoolId"]
        roles |= {"cognitoIdentityId": None, "cognitoIdentityPoolId": None}
        roles |= {"cognitoIdentityAuthType": None, "cognitoIdentityAuthProvider": None}
        # Of the schema that is part of the function, no rule admits the identity pool, another issuer or an authorizer's callers:
        # they are known, and refused by the rules.
        for what, identity, admitted, provider in (
            ("a user", ann, True, "userPools"),
            ("a user with groups of another provider", cognito("ann", ["us-east-1_Ab12Cd34E_Google"]), True, "userPools"),
            ("the API key", None, True, "apiKey"),
            ("a member of the identity pool", iam(), False, "identityPool"),
            ("an administrator's role", roles, True, "identityPool"),
            ("a caller whom an authorizer let in", {"resolverContext": {"tenant": SECRET}}, False, "function"),
            ("a caller whom an authorizer said nothing of", {"resolverContext": None}, False, "function"),
            ("a user of the other issuer", oidc(), False, "oidc"),
            ("a user of the other issuer for several", oidc(audience=["web", "x"]), False, "oidc"),
            ("a user of any other issuer", oidc(issuer="https://elsewhere.example.com"), False, None),
            ("a user of the other issuer for somebody else", oidc(audience="elsewhere"), False, None),
            ("a token of another client", cognito("ann", client_id="elsewhere"), False, None),
            ("an ID token", cognito("ann", token_use="id"), False, None),
            ("a token that has ended", cognito("ann", exp=int(time.time()) - 3600), False, None),
            ("an identity of no known kind", {"something": "new"}, False, None),
        ):
            before = len(runtime.log)
            kind, answer = runtime.invoke(context(identity, "Query.getArticle", read))
            if admitted:
                check(f"{what} is admitted", kind == "response" and answer["headline"] == "News", (kind, answer))
            else:
                expected = refusal("getArticle", "Query")
                told = {name: answer.get(name) for name in expected}
                check(f"{what} is refused", kind == "error" and told == expected, (kind, answer))
            # A line of the log may come after the answer.
            deadline = time.time() + 30
            while time.time() < deadline and not any("field answered" in line for line in runtime.log[before:]):
                time.sleep(0.01)
            lines = [json.loads(line) for line in list(runtime.log[before:])]
            known = [line.get("provider") for line in lines if line.get("message") == "field answered"]
            check(f"{what} is known as {provider}", known == [provider], lines)

        kind, answer = runtime.invoke({key: value for key, value in context(None, "Query.getArticle", read).items() if key != "identity"})
        check("an event without an identity is not one with a key", kind == "error", (kind, answer))

        batch = [
            context(ann, "Query.getArticle", read),
            "no context",
            context({"something": "new"}, "Query.getArticle", read),
            context(ann, "Query.getArticle", {"id": "absent"}),
            context(ann, "Mutation.deleteArticle", {"input": read}),
            context(None, "Query.getArticle", read),
        ]
        kind, answers = runtime.invoke(batch)
        shape = [sorted(answer) == ["data", "errorMessage", "errorType"] for answer in answers]
        check("a batch has an answer for each", kind == "response" and len(answers) == len(batch) and all(shape), answers)
        told = [answer["errorType"] or (answer["data"] or {}).get("id") for answer in answers]
        check("in their order", told == ["a1", "BadRequest", "Unauthorized", None, "Unauthorized", "a1"], answers)
        parts = [context(ann, "Article.headline", source={"headline": name}) for name in ("x", "y")]
        check("fields of many records are", [it["data"] for it in runtime.invoke(parts)[1]] == ["x", "y"])
        check("an empty batch is", runtime.invoke([]) == ("response", []))
        for event in (None, "text", {}, {"info": {}}, [None], {"info": {"parentTypeName": 1, "fieldName": []}}):
            kind, answer = runtime.invoke(event)
            answer = answer[0] if isinstance(event, list) else answer
            check(f"{json.dumps(event)} is refused", answer["errorType"] in ("BadRequest", "Unauthorized"), (kind, answer))
        check("and the function goes on", runtime.invoke(context(ann, "Query.getArticle", read))[0] == "response")
        check("what people send is not in the log", not any(SECRET in line for line in runtime.log))

    refused = subprocess.run(
        [FUNCTIONS / "resolvers" / "bootstrap"],
        env={"OIDC_AUDIENCES": "sesame", "APPSYNC_MODES": "sesame"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    named = ("AWS_LAMBDA_RUNTIME_API", "USER_POOL_ID", "USER_POOL_CLIENT_IDS", "AWS_REGION", "TABLE_NAME", "OIDC_AUDIENCES", "APPSYNC_MODES")
    missing = [name for name in named if name not in refused.stdout]
    check("a start names every mistake and no value", refused.returncode == 1 and not missing and "sesame" not in refused.stdout, refused)


CASES = {"direct": direct, "events": events, "http-api": http_api}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
