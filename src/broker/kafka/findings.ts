import type { Finding } from '../broker.ts'
import type { TopicFacts } from './topic.ts'

const DAY_MS = 86_400_000

export interface Asked {
  readonly topic: string
  /** For the command lines that are said. */
  readonly server: string
  /** How many processes are in the group just now. */
  readonly members: number
}

/** What of a topic's settings would lose messages (`wrong`), or is worth another look. */
export function findings(facts: TopicFacts | null, asked: Asked): Finding[] {
  const { topic, server } = asked
  if (!facts) return [missing(asked)]
  const alter = (setting: string) =>
    `kafka-configs.sh --bootstrap-server ${server} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`
  return [...copiesOf(facts, { topic, alter }), ...kept(facts, { topic, alter }), ...shared(facts, asked)]
}

interface Said {
  readonly topic: string
  readonly alter: (setting: string) => string
}

function missing({ topic, server }: Asked): Finding {
  return {
    level: 'wrong',
    what: `The topic ${topic} is not there.`,
    remedy: `Make it: kafka-topics.sh --bootstrap-server ${server} --create --topic ${topic} --partitions 12 --replication-factor 3 --config min.insync.replicas=2`,
  }
}

function copiesOf({ copies, settings }: TopicFacts, { topic, alter }: Said): Finding[] {
  const found: Finding[] = []
  if (settings.size === 0)
    found.push({
      level: 'worth',
      what: `The settings of ${topic} are not shown to this user: whether they keep messages safe is unknown.`,
      remedy: 'Allow it DescribeConfigs on the topic.',
    })
  const insync = Number(settings.get('min.insync.replicas') ?? Number.NaN)
  if (copies < 2)
    found.push({
      level: 'wrong',
      what: `The topic ${topic} has one copy: it survives the loss of no machine.`,
      remedy: 'Give it a replication factor of 3 (kafka-reassign-partitions.sh) on three brokers or more.',
    })
  else if (insync < 2)
    found.push({
      level: 'wrong',
      what: `An append to ${topic} is answered when one copy has it (min.insync.replicas ${insync}).`,
      remedy: `Ask for two: ${alter('min.insync.replicas=2')}`,
    })
  else if (insync >= copies)
    found.push({
      level: 'worth',
      what: `${topic} takes nothing while one of its ${copies} brokers is down (min.insync.replicas ${insync}).`,
      remedy: 'Give it one copy more than that (replication factor 3, min.insync.replicas 2).',
    })
  if (settings.get('unclean.leader.election.enable') === 'true')
    found.push({
      level: 'wrong',
      what: `A broker that missed messages of ${topic} may become its leader, and they are lost.`,
      remedy: `Do not allow it: ${alter('unclean.leader.election.enable=false')}`,
    })
  return found
}

function kept({ settings }: TopicFacts, { topic, alter }: Said): Finding[] {
  const found: Finding[] = []
  const retentionMs = Number(settings.get('retention.ms') ?? -1)
  const retentionBytes = Number(settings.get('retention.bytes') ?? -1)
  if (settings.get('cleanup.policy')?.includes('compact'))
    found.push({
      level: 'wrong',
      what: `${topic} is compacted: of the events of one customer only the latest is kept.`,
      remedy: `Let it delete by age instead: ${alter('cleanup.policy=delete')}`,
    })
  if (retentionMs >= 0 && retentionMs < DAY_MS)
    found.push({
      level: 'worth',
      what: `${topic} deletes messages after ${Math.round(retentionMs / 60_000)} minutes, taken or not: a longer outage of the ledger loses events.`,
      remedy: `Keep them for some days: ${alter(`retention.ms=${7 * DAY_MS}`)}`,
    })
  if (retentionBytes >= 0)
    found.push({
      level: 'worth',
      what: `${topic} deletes messages when a partition has more than ${retentionBytes} bytes, taken or not.`,
      remedy: `Let age alone decide: ${alter('retention.bytes=-1')}`,
    })
  return found
}

function shared({ partitions }: TopicFacts, { topic, server, members }: Asked): Finding[] {
  if (members <= partitions) return []
  return [
    {
      level: 'worth',
      what: `${topic} has ${partitions} partitions for ${members} processes: the others get nothing.`,
      remedy: `Give it more, while its lanes are at rest: kafka-topics.sh --bootstrap-server ${server} --alter --topic ${topic} --partitions ${members * 2}`,
    },
  ]
}
