"""The template in an emulator that was written by others: deployed by `sam deploy` with the functions as they are released, and driven by boto3.

Called with the name of a case. `EMULATOR_URL` is the emulator, `FUNCTIONS` the folder in which each function is built, as `NAME/bootstrap`, `SAM`
the program, `TEMPLATE` the template and `FOLDER` a folder to work in.

Three things are not as at AWS. Functions are told where the emulator is, for they would call AWS; the API is given the pool's keys, for it would
fetch them from AWS, and so is the authorizer; and AppSync is given its schema once more, for the emulator does not look for it where `sam deploy` has put it.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["EMULATOR_URL"]
FOLDER = pathlib.Path(os.environ["FOLDER"])
REGION = "us-east-1"
PASSWORD = "Correct-horse-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ENDPOINT_URL": ENDPOINT,
}
STACK = "portcullis"
SCHEMA = pathlib.Path(os.environ["TEMPLATE"]).with_name("appsync.graphql")
# What the emulator accepts for every code.
CODE = "123456"


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


stacks, pools, lambdas, tables = (client(name) for name in ("cloudformation", "cognito-idp", "lambda", "dynamodb"))


def check(what, condition, seen=""):
    assert condition, f"{what}: {seen}"
    print(f"ok: {what}")


def built_template():
    """The template as `sam build` leaves it: each function where its binary lies."""
    text = pathlib.Path(os.environ["TEMPLATE"]).read_text()
    built = text.replace("CodeUri: functions/", f"CodeUri: {os.environ['FUNCTIONS']}/")
    check("the functions were found in the template", built.count(os.environ["FUNCTIONS"]) >= 8)
    variables = "".join(f"        {name}: '{value}'\n" for name, value in CREDENTIALS.items())
    built = built.replace("    Runtime: provided.al2023\n", f"    Runtime: provided.al2023\n    Environment:\n      Variables:\n{variables}")
    path = FOLDER / "template.yaml"
    path.write_text(built)
    shutil.copy(SCHEMA, FOLDER)
    return path


def sam_deploy(**parameters):
    arguments = [
        os.environ["SAM"],
        "deploy",
        "--template-file",
        built_template(),
        "--stack-name",
        STACK,
        "--resolve-s3",
        "--capabilities",
        "CAPABILITY_IAM",
        "--no-confirm-changeset",
        "--no-progressbar",
    ]
    if parameters:
        arguments += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    environment = os.environ | CREDENTIALS | {"SAM_CLI_TELEMETRY": "0", "NO_PROXY": "127.0.0.1,localhost"}
    return subprocess.run(arguments, env=environment, cwd=FOLDER, capture_output=True, text=True)


def deploy(**parameters):
    ended = sam_deploy(**parameters)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    described = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
    check("the stack is made", described["StackStatus"] == "CREATE_COMPLETE", described["StackStatus"])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    give_keys(outputs["UserPoolId"])
    client("appsync").start_schema_creation(apiId=outputs["GraphqlApiId"], definition=SCHEMA.read_bytes())
    return outputs


def give_keys(pool):
    with urllib.request.urlopen(f"{ENDPOINT}/{pool}/.well-known/jwks.json") as answer:
        keys = answer.read().decode()
    made = {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in stacks.describe_stack_resources(StackName=STACK)["StackResources"]}
    for name in (made[it] for it in ("ApiFunction", "AuthorizerFunction") if it in made):
        variables = lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables | {"JWKS": keys}})


def resource(logical_id):
    return stacks.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)["StackResourceDetail"]["PhysicalResourceId"]


def call(url, method="GET", body=None, **headers):
    """Calls the API at the address of a stack's output; its name is known to no resolver, so it goes to the emulator by its address."""
    parts = urllib.parse.urlsplit(url)
    port = urllib.parse.urlsplit(ENDPOINT).port
    request = urllib.request.Request(f"http://127.0.0.1:{port}{parts.path or '/'}", method=method)
    request.add_header("Host", parts.netloc)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request) as answer:
            text, status, sent = answer.read(), answer.status, answer.headers
    except urllib.error.HTTPError as error:
        text, status, sent = error.read(), error.code, error.headers
    return status, json.loads(text) if text else None, sent


def preflight(origin, headers):
    """What the API says to a browser that asks whether a page may call. The emulator's gateway answers that itself, so the function is asked."""
    http = {"method": "OPTIONS", "path": "/notes", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"}
    context = {"accountId": "anonymous", "apiId": "api", "domainName": "api.example", "domainPrefix": "api", "http": http}
    context |= {"requestId": "1", "routeKey": "$default", "stage": "$default", "time": "now", "timeEpoch": 0}
    asked = {"origin": origin, "access-control-request-method": "GET", "access-control-request-headers": headers}
    event = {"version": "2.0", "routeKey": "$default", "rawPath": "/notes", "rawQueryString": "", "headers": asked}
    event |= {"requestContext": context, "isBase64Encoded": False}
    answer = lambdas.invoke(FunctionName=resource("ApiFunction"), Payload=json.dumps(event))
    return json.load(answer["Payload"])["headers"]


def sign_up(app, email):
    attributes = [{"Name": "email", "Value": email}]
    return pools.sign_up(ClientId=app, Username=email, Password=PASSWORD, UserAttributes=attributes)


def sign_in(app, email):
    parameters = {"USERNAME": email, "PASSWORD": PASSWORD}
    answer = pools.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
    return answer["AuthenticationResult"]


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def serves():
    outputs = deploy(
        PasswordSignIn="true",
        DeniedEmailDomains="blocked.example",
        CorsOrigins="https://app.example.com",
        Guests="true",
        DeletionProtection="INACTIVE",
        TokenClaims="level",
    )
    app, pool, api = outputs["UserPoolClientId"], outputs["UserPoolId"], outputs["ApiUrl"]
    try:
        sign_up(app, "mallory@blocked.example")
        raise AssertionError("it was not refused")
    except ClientError as error:
        check("a denied domain is refused", "E_DOMAIN_NOT_ALLOWED" in str(error), error)
    subs = {}
    for name in ("ann", "bob"):
        made = sign_up(app, f"{name}@example.com")
        check(f"{name} gets a code", made["UserConfirmed"] is False)
        pools.confirm_sign_up(ClientId=app, Username=f"{name}@example.com", ConfirmationCode=CODE)
        subs[name] = made["UserSub"]
    # What the trigger after the confirmation would do, which the emulator does not call.
    profile = {"pk": {"S": f"USER#{subs['ann']}"}, "sk": {"S": "PROFILE"}, "level": {"N": "3"}}
    tables.put_item(TableName=outputs["TableName"], Item=profile)
    ann, bob = (sign_in(app, f"{name}@example.com")["AccessToken"] for name in ("ann", "bob"))
    check("the token trigger added a claim of the profile", claims(ann).get("level") == 3, claims(ann))

    status, note, sent = call(f"{api}/notes", "POST", {"title": "Interview at nine"}, **bearer(ann))
    check("ann writes a note", status == 201 and note["owner"] == subs["ann"], (status, note))
    status, listed, _ = call(f"{api}/notes", **bearer(ann))
    check("ann sees it", status == 200 and [it["id"] for it in listed["items"]] == [note["id"]], (status, listed))
    status, listed, _ = call(f"{api}/notes", **bearer(bob))
    check("bob does not", (status, listed["items"]) == (200, []), (status, listed))
    status, _, _ = call(f"{api}/notes/{note['id']}", **bearer(bob))
    check("nor by its id", status == 404, status)

    def listed_by_graphql(token):
        query = {"query": "{ listNotes { items { id title } } }"}
        status, said, _ = call(outputs["GraphqlUrl"], "POST", query, Authorization=token)
        assert status == 200, (status, said)
        return said["data"]["listNotes"]["items"]

    shown = [{"id": note["id"], "title": note["title"]}]
    check("ann sees it by GraphQL too", listed_by_graphql(ann) == shown)
    check("and bob does not", listed_by_graphql(bob) == [])
    query = {"query": 'mutation { createNote(input: { title: "By GraphQL" }) { id owner } }'}
    _, said, _ = call(outputs["GraphqlUrl"], "POST", query, Authorization=bob)
    made = said["data"]["createNote"]
    status, read, _ = call(f"{api}/notes/{made['id']}", **bearer(bob))
    check("what bob writes by GraphQL he reads by REST", (status, read["title"], read["owner"]) == (200, "By GraphQL", subs["bob"]), read)
    pools.admin_add_user_to_group(UserPoolId=pool, Username="bob@example.com", GroupName="editors")
    status, read, _ = call(f"{api}/notes/{note['id']}", **bearer(sign_in(app, "bob@example.com")["AccessToken"]))
    check("an editor does", (status, read["id"]) == (200, note["id"]), (status, read))
    status, _, sent = call(f"{api}/notes")
    check("nobody comes in without a token", status == 401 and "Bearer" in sent["WWW-Authenticate"], status)
    status, _, _ = call(f"{api}/notes", **bearer(sign_in(app, "ann@example.com")["IdToken"]))
    check("nor with an ID token", status == 401, status)

    asked = "authorization,x-amz-date,x-amz-security-token"
    sent = preflight("https://app.example.com", asked)
    check("a page of a listed origin may call", sent["access-control-allow-origin"] == "https://app.example.com", sent)
    check("with a signature too", set(asked.split(",")) <= set(sent["access-control-allow-headers"].split(",")), sent)
    check("and no other page", "access-control-allow-origin" not in preflight("https://evil.example", asked))
    status, body, _ = call(f"{outputs['SignedApiUrl']}/notes")
    check("nobody comes in by the signed API without a signature", (status, body) == (403, {"message": "Forbidden"}), (status, body))

    kept = [resource(name) for name in ("UserPool", "Table", "Files")]
    stacks.delete_stack(StackName=STACK)
    stacks.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    names = pools.describe_user_pool(UserPoolId=kept[0])["UserPool"]["Id"], tables.describe_table(TableName=kept[1])["Table"]["TableName"]
    check("users and items outlive the stack", list(names) == kept[:2], names)
    client("s3").head_bucket(Bucket=kept[2])
    left = [it["FunctionName"] for it in lambdas.list_functions()["Functions"] if it["FunctionName"].startswith(STACK)]
    check("no function does", left == [], left)


def refuses():
    for parameters, said in [
        ({"UserPoolTier": "LITE"}, "TokenVersion V2_0 and V3_0 need the UserPoolTier ESSENTIALS or PLUS."),
        ({"CodeSignIn": "true", "MfaConfiguration": "OFF"}, "SenderAddress and SenderIdentity belong together, and CodeSignIn needs both."),
    ]:
        ended = sam_deploy(**parameters)
        check(f"{parameters} is refused with its reason", ended.returncode != 0 and said in ended.stderr, ended.stdout + ended.stderr)
        print(ended.stderr.strip().splitlines()[-1])
    ended = sam_deploy(Guests="perhaps")
    check("so is a value that is none", ended.returncode != 0 and "Guests" in ended.stderr, ended.stderr)
    check("nothing was made", lambdas.list_functions()["Functions"] == [])


def existing():
    made = pools.create_user_pool(PoolName="old", UsernameAttributes=["email"])["UserPool"]["Id"]
    tables.create_table(
        TableName="old-records",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    outputs = deploy(
        ExistingUserPoolId=made,
        ExistingTableName="old-records",
        PasswordSignIn="true",
        AutoConfirmDomains="staff.example",
        TokenClaims="level",
        Authorizer="lambda",
    )
    check("the pool is the old one", outputs["UserPoolId"] == made, outputs)
    pools.update_user_pool(UserPoolId=made, LambdaConfig=json.loads(outputs["LambdaConfig"]))
    app = outputs["UserPoolClientId"]
    user = sign_up(app, "ann@staff.example")
    check("its triggers decide", user["UserConfirmed"] is True, user)
    profile = {"pk": {"S": f"USER#{user['UserSub']}"}, "sk": {"S": "PROFILE"}, "level": {"N": "3"}}
    tables.put_item(TableName="old-records", Item=profile)
    token = sign_in(app, "ann@staff.example")["AccessToken"]
    check("and read the old table", claims(token).get("level") == 3, claims(token))
    status, note, _ = call(f"{outputs['ApiUrl']}/notes", "POST", {"title": "x"}, **bearer(token))
    check("and so does the API", status == 201, (status, note))
    for method, path, headers, expected in [
        ("GET", "/notes", bearer(token), 200),
        ("POST", "/articles", bearer(token), 403),
        ("DELETE", f"/articles/{note['id']}", bearer(token), 403),
        ("GET", "/notes", bearer("a.b.c"), 403),
        ("GET", "/notes", {}, 401),
        ("GET", "/health", {}, 200),
    ]:
        status, body, _ = call(f"{outputs['ApiUrl']}{path}", method, {} if method == "POST" else None, **headers)
        # What the function itself refuses it describes at length.
        refused = {401: {"message": "Unauthorized"}, 403: {"message": "Forbidden"}}.get(expected)
        check(f"the authorizer and the gateway answer {method} {path} by {expected}", (status, refused or body) == (expected, body), (status, body))
    rows = tables.scan(TableName="old-records")["Items"]
    check("which writes there", any(note["id"] in row["pk"]["S"] for row in rows), rows)


def lite():
    outputs = deploy(
        UserPoolTier="LITE",
        TokenVersion="V1_0",
        DomainPrefix="portcullis-test",
        CallbackUrls="https://app.example.com/,http://localhost:5173/",
        MachineClient="true",
        Authorizer="jwt",
        PasswordSignIn="true",
        AutoConfirmDomains="staff.example",
        AlarmEmail="ops@example.com",
        IdentityPool="false",
        OldUserPoolId="us-east-1_Old",
        OldClientId="old",
        SenderAddress="hello@example.com",
        SenderIdentity="example.com",
        CodeSignIn="true",
        MfaConfiguration="OFF",
        MessageTemplates='\'{"en":{"SignUp":{"subject":"Hello","email":"{{code}}"}}}\'',
        Tracing="PassThrough",
    )
    pool, app, api = outputs["UserPoolId"], outputs["UserPoolClientId"], outputs["ApiUrl"]
    check("there is no identity pool", "IdentityPoolId" not in outputs and "BucketName" not in outputs, outputs)
    web = pools.describe_user_pool_client(UserPoolId=pool, ClientId=app)["UserPoolClient"]
    check("web pages get codes alone", web["AllowedOAuthFlows"] == ["code"], web)
    check("at their own addresses", len(web["CallbackURLs"]) == 2, web["CallbackURLs"])
    flows = {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"}
    check("and may send codes and passwords", set(web["ExplicitAuthFlows"]) == flows, web["ExplicitAuthFlows"])
    config = pools.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]
    triggers = {"PreSignUp", "PostConfirmation", "PreTokenGenerationConfig", "DefineAuthChallenge", "CreateAuthChallenge"}
    triggers |= {"VerifyAuthChallengeResponse", "CustomMessage", "UserMigration"}
    check("all triggers are attached", triggers <= set(config), config)

    sign_up(app, "ann@staff.example")
    token = sign_in(app, "ann@staff.example")["AccessToken"]
    status, _, _ = call(f"{api}/notes", **bearer(token))
    check("a token passes the gateway and the function", status == 200, status)
    status, body, _ = call(f"{api}/openapi.json")
    check("nothing passes the gateway without one", (status, body) == (401, {"message": "Unauthorized"}), (status, body))

    machine = pools.describe_user_pool_client(UserPoolId=pool, ClientId=outputs["MachineClientId"])["UserPoolClient"]
    secret = base64.b64encode(f"{machine['ClientId']}:{machine['ClientSecret']}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "api/read"}).encode()
    request = urllib.request.Request(f"{ENDPOINT}/oauth2/token", form, {"Authorization": f"Basic {secret}"})
    token = json.load(urllib.request.urlopen(request))["access_token"]
    check("a machine gets a token", claims(token)["scope"] == "api/read", claims(token))
    status, _, _ = call(f"{api}/articles", **bearer(token))
    check("and reads what is for everyone with a token", status == 200, status)


def browser():
    """Leaves the stack to pages of `ORIGIN`, with what `aws cloudformation describe-stacks` prints of it, and the name of its function."""
    deploy(CorsOrigins=os.environ["ORIGIN"])
    described = stacks.describe_stacks(StackName=STACK)
    (FOLDER / "stack.json").write_text(json.dumps(described, default=str))
    (FOLDER / "api-function").write_text(resource("ApiFunction"))


CASES = {"browser": browser, "serves": serves, "refuses": refuses, "existing": existing, "lite": lite}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
