// Asks the providers' own SDKs whether a webhook is valid. Input: a JSON array of questions; output: a
// JSON array of booleans. NODE_PATH leads to the packages.
const crypto = require('crypto');

const validators = {
  razorpay(q) {
    const Razorpay = require('razorpay');
    return Razorpay.validateWebhookSignature(q.body, q.headers['X-Razorpay-Signature'], q.secret);
  },
  cashfree(q) {
    const { Cashfree, CFEnvironment } = require('cashfree-pg');
    const client = new Cashfree(CFEnvironment.SANDBOX, 'shop', q.secret);
    client.XEnableErrorAnalytics = false;
    try {
      client.PGVerifyWebhookSignature(q.headers['x-webhook-signature'], q.body, q.headers['x-webhook-timestamp']);
      return true;
    } catch (problem) {
      return false;
    }
  },
  phonepe(q) {
    const { StandardCheckoutClient, Env } = require('pg-sdk-node');
    const client = StandardCheckoutClient.getInstance('shop', 'secret', 1, Env.SANDBOX, false);
    const [user, password] = q.secret.split(':');
    try {
      client.validateCallback(user, password, q.headers['Authorization'], q.body);
      return true;
    } catch (problem) {
      return false;
    }
  },
  sendgrid(q) {
    const { EventWebhook } = require('@sendgrid/eventwebhook');
    const webhook = new EventWebhook();
    const key = webhook.convertPublicKeyToECDSA(q.secret);
    try {
      return webhook.verifySignature(key, Buffer.from(q.body, 'latin1'), q.headers['X-Twilio-Email-Event-Webhook-Signature'],
        q.headers['X-Twilio-Email-Event-Webhook-Timestamp']);
    } catch (problem) {
      return false;
    }
  },
  twilio(q) {
    const twilio = require('twilio');
    return twilio.validateRequest(q.secret, q.headers['X-Twilio-Signature'], q.url,
      Object.fromEntries(new URLSearchParams(q.body)));
  },
  async sns(q) {
    const Validator = require('sns-validator');
    const https = require('https');
    const { PassThrough } = require('stream');
    https.get = (url, done) => {  // the certificate of the test, at the address that SNS would have
      const answer = new PassThrough();
      answer.statusCode = 200;
      process.nextTick(() => { done(answer); answer.end(q.secret); });
      return { on() { return this; } };
    };
    return new Promise((resolve) => new Validator().validate(q.body, (problem) => resolve(!problem)));
  },
};

(async () => {
  const questions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const answers = [];
  for (const question of questions) {
    answers.push(Boolean(await validators[question.sdk](question)));
  }
  process.stdout.write('\nANSWERS ' + JSON.stringify(answers) + '\n');
  process.exit(0);
})().catch((problem) => { console.error(problem); process.exit(1); });
