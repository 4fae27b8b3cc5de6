// mercurius.js in BENCH_WORKERS processes that share its port, by Node's cluster.
import cluster from 'node:cluster'
import { workers } from './settings.js'

if (cluster.isPrimary) {
  for (let started = 0; started < workers; started++) cluster.fork()
  cluster.on('exit', () => process.exit(1))
  process.on('SIGTERM', () => process.exit(0))
} else {
  process.on('disconnect', () => process.exit(0))
  await import('./mercurius.js')
}
