// Lets every server of this process listen on loopback alone: the servers have no option for it.
import net from 'node:net'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number') {
    if (typeof rest[0] === 'string') rest[0] = '127.0.0.1'
    else rest.unshift('127.0.0.1')
  } else if (first && typeof first === 'object' && 'port' in first) {
    first = { ...first, host: '127.0.0.1' }
  }
  return listen.call(this, first, ...rest)
}
