// Lets the providers' own SDKs send the same messages, and prints the requests they would make instead of making
// them. NODE_PATH leads to the packages. Input: a JSON object by SDK; output: the requests, likewise.
const answers = {
  msg91: { type: 'success', message: 'request-1' },
  twilio: { sid: 'SM1', messages: [] },
};

function watch(sdk, requests) {
  // The axios that this package uses, before it makes a client of its own.
  const axios = require(require.resolve('axios', { paths: [require.resolve(sdk)] }));
  axios.defaults.adapter = async (config) => {
    requests.push({
      method: config.method.toUpperCase(), url: axios.getUri(config), data: config.data, auth: config.auth,
      headers: config.headers.toJSON ? config.headers.toJSON() : config.headers,
    });
    return { data: answers[sdk], status: config.method === 'post' ? 201 : 200, statusText: '', headers: {}, config };
  };
}

const senders = {
  async msg91(q) {
    const msg91 = require('msg91').default;
    msg91.initialize({ authKey: q.key });
    await msg91.getSMS().send(q.flow, [q.recipient], { senderId: q.sender, shortURL: false });
  },
  async twilio(q) {
    const client = require('twilio')(q.account, q.token);
    await client.messages.create(q.message);
    await client.messages.list({ to: q.message.to, dateSentAfter: new Date(q.since), pageSize: 200, limit: 1 });
  },
};

async function main() {
  const questions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const requests = {};
  for (const sdk of Object.keys(questions)) {
    requests[sdk] = [];
    watch(sdk, requests[sdk]);
    await senders[sdk](questions[sdk]);
  }
  console.log('REQUESTS ' + JSON.stringify(requests));
}

main();
