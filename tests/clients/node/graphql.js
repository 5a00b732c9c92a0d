// AWS Amplify's GraphQL client against a running local system, with statements such as its code generator writes.
// Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import { Amplify } from 'aws-amplify';
import { confirmSignUp, signIn, signOut, signUp } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/api';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, CODE, API_KEY } = process.env;

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: POOL_ID,
      userPoolClientId: CLIENT_ID,
      userPoolEndpoint: POOL_URL,
      loginWith: { email: true },
    },
  },
  API: {
    GraphQL: {
      endpoint: `${API_URL}/graphql`,
      region: 'us-east-1',
      defaultAuthMode: 'userPool',
      apiKey: API_KEY,
    },
  },
});

keepInMemory();

const unique = Date.now().toString(36);
const password = 'Blue-Lantern-41';
const client = generateClient();

async function enter(name) {
  const username = `${name}-${unique}@example.com`;
  await signUp({ username, password, options: { userAttributes: { email: username } } });
  await confirmSignUp({ username, confirmationCode: CODE });
  await signIn({ username, password });
}

/** The call must fail with an error of this type. */
async function refused(errorType, call) {
  try {
    await call();
  } catch (answer) {
    assert.equal(answer.errors?.[0]?.errorType, errorType, JSON.stringify(answer));
    return answer;
  }
  assert.fail(`was accepted, ${errorType} was expected`);
}

const createBlog = /* GraphQL */ `
  mutation CreateBlog($input: CreateBlogInput!, $condition: ModelBlogConditionInput) {
    createBlog(input: $input, condition: $condition) { id name owner createdAt updatedAt __typename }
  }
`;
const updateBlog = /* GraphQL */ `
  mutation UpdateBlog($input: UpdateBlogInput!, $condition: ModelBlogConditionInput) {
    updateBlog(input: $input, condition: $condition) { id name owner __typename }
  }
`;
const deleteBlog = /* GraphQL */ `
  mutation DeleteBlog($input: DeleteBlogInput!) { deleteBlog(input: $input) { id } }
`;
const createPost = /* GraphQL */ `
  mutation CreatePost($input: CreatePostInput!) { createPost(input: $input) { id text stars blogPostsId } }
`;
const getBlog = /* GraphQL */ `
  query GetBlog($id: ID!) {
    getBlog(id: $id) {
      id
      name
      posts { items { id text blog { id name __typename } __typename } nextToken __typename }
      __typename
    }
  }
`;
const listPosts = /* GraphQL */ `
  query ListPosts($filter: ModelPostFilterInput, $limit: Int, $nextToken: String) {
    listPosts(filter: $filter, limit: $limit, nextToken: $nextToken) { items { id stars } nextToken __typename }
  }
`;
const run = (query, variables, authMode) => client.graphql({ query, variables, authMode });

try {
  await step('ann makes a blog with posts', async () => {
    await enter('ann');
    const { data } = await run(createBlog, { input: { id: `b-${unique}`, name: 'Tea' } });
    assert.equal(data.createBlog.__typename, 'Blog');
    assert.ok(data.createBlog.owner && data.createBlog.createdAt);
    for (let stars = 1; stars <= 5; stars += 1) {
      const input = { id: `p-${unique}-${stars}`, text: `post ${stars}`, stars, blogPostsId: `b-${unique}` };
      await run(createPost, { input });
    }
  });

  await step('reads it with a nested relation', async () => {
    const { data } = await run(getBlog, { id: `b-${unique}` });
    const texts = data.getBlog.posts.items.map((post) => post.text);
    assert.deepEqual(texts, ['post 1', 'post 2', 'post 3', 'post 4', 'post 5']);
    assert.ok(data.getBlog.posts.items.every((post) => post.blog.name === 'Tea'));
    const absent = await run(getBlog, { id: 'none' });
    assert.equal(absent.data.getBlog, null);
  });

  await step('lists with a filter, page by page', async () => {
    const filter = { stars: { ge: 2 } };
    const pages = [];
    let nextToken;
    do {
      const { data } = await run(listPosts, { filter, limit: 2, nextToken });
      pages.push(data.listPosts.items.map((post) => post.stars));
      nextToken = data.listPosts.nextToken;
    } while (nextToken);
    assert.deepEqual(pages, [[2, 3], [4, 5]]);
  });

  await step('updates under a condition', async () => {
    const input = { id: `b-${unique}`, name: 'Coffee' };
    await refused('DynamoDB:ConditionalCheckFailedException', () =>
      run(updateBlog, { input, condition: { name: { eq: 'Milk' } } }),
    );
    const { data } = await run(updateBlog, { input, condition: { name: { eq: 'Tea' } } });
    assert.equal(data.updateBlog.name, 'Coffee');
    await refused('ValidationError', () => run(updateBlog, { input: { ...input, nothing: 1 } }));
  });

  await step('whoever has the API key reads and does not write', async () => {
    const { data } = await run(getBlog, { id: `b-${unique}` }, 'apiKey').catch((answer) => answer);
    assert.equal(data.getBlog.name, 'Coffee');
    assert.equal(data.getBlog.posts, null);
    await refused('Unauthorized', () => run(createBlog, { input: { name: 'x' } }, 'apiKey'));
  });

  await step('bob may not change it, and ann removes it', async () => {
    await signOut();
    await enter('bob');
    await refused('Unauthorized', () => run(updateBlog, { input: { id: `b-${unique}`, name: 'Bob' } }));
    const { data } = await run(listPosts, {});
    assert.deepEqual(data.listPosts.items, []);
    await signOut();
    await signIn({ username: `ann-${unique}@example.com`, password });
    const removed = await run(deleteBlog, { input: { id: `b-${unique}` } });
    assert.equal(removed.data.deleteBlog.id, `b-${unique}`);
  });
  process.exit(0);
} catch (error) {
  console.error(`failed  ${current}`);
  console.error(error.errors ? JSON.stringify(error, null, 2) : error);
  process.exit(1);
}
