// Slack's own clients as an app: it answers a command at its response_url, opens a form for a button,
// and posts a message. Its arguments are the folder of the clients and the base of the Web API.
import { createRequire } from 'node:module'
const [folder, api] = process.argv.slice(2)
const require = createRequire(folder + '/')
const { SocketModeClient } = require('@slack/socket-mode')
const { WebClient } = require('@slack/web-api')

const web = new WebClient(process.env.BOT_TOKEN, { slackApiUrl: api, retryConfig: { retries: 0 }, logLevel: 'error' })
const socket = new SocketModeClient({ appToken: process.env.APP_TOKEN, clientOptions: { slackApiUrl: api }, logLevel: 'error' })

socket.on('slash_commands', async ({ body, ack }) => {
  await ack()
  await fetch(body.response_url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
    text: 'official: ' + body.text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: 'official: ' + body.text } },
      { type: 'actions', elements: [{ type: 'button', action_id: 'ask', text: { type: 'plain_text', text: 'Ask' }, value: 'v' }] },
    ] }) })
})
socket.on('interactive', async ({ body, ack }) => {
  if (body.type === 'view_submission') {
    const typed = body.view.state.values.what.typed.value
    await ack(typed === 'bad' ? { response_action: 'errors', errors: { what: 'not that' } } : { response_action: 'clear' })
    if (typed !== 'bad') await web.chat.postMessage({ channel: (await web.conversations.open({ users: body.user.id })).channel.id, text: 'typed: ' + typed })
    return
  }
  await ack()
  await web.views.open({ trigger_id: body.trigger_id, view: {
    type: 'modal', title: { type: 'plain_text', text: 'Asked' }, submit: { type: 'plain_text', text: 'Send' },
    blocks: [{ type: 'input', block_id: 'what', label: { type: 'plain_text', text: 'What' }, element: { type: 'plain_text_input', action_id: 'typed' } }] } })
})
socket.on('app_mention', async ({ event, ack }) => {
  await ack()
  let refused = ''
  try { await web.chat.postMessage({ channel: 'C77', text: 'x' }) } catch (e) { refused = e.data?.error ?? String(e) }
  const who = await web.users.info({ user: event.user })
  await web.chat.postEphemeral({ channel: event.channel, user: event.user, text: `hello ${who.user.profile.email}, ${refused}` })
})
const me = await web.auth.test()
await socket.start()
console.log('in ' + me.team_id)
process.stdin.resume()
process.stdin.on('end', async () => { await socket.disconnect(); process.exit(0) })
