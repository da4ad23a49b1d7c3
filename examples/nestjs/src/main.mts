import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common'
import { Controller, Injectable, Module, Post, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Request, Response } from 'express'
import { createCluster } from 'hookkeeper'

@Injectable()
class Payments implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly cluster = createCluster() // STRIPE_WEBHOOK_SECRET=whsec_... in the environment

  async onApplicationBootstrap() {
    this.cluster.on('invoice.paid', async (event, { transaction }) => {
      const invoice = event.data.object
      await transaction((db) => {
        db.exec('create table if not exists paid (event text primary key, cents integer)')
        db.prepare('insert into paid values (?, ?)').run(event.id, invoice.amount_paid)
      })
      console.log('paid', invoice.id, invoice.amount_paid)
    })
    await this.cluster.start(['processing']) // the controller takes the events
  }

  onApplicationShutdown = () => this.cluster.stop()
}

@Controller('webhooks/stripe')
class Webhooks {
  constructor(private readonly payments: Payments) {}

  @Post() take(@Req() req: Request, @Res() res: Response) {
    return this.payments.cluster.node(req, res)
  }
}

@Module({ controllers: [Webhooks], providers: [Payments] })
class AppModule {}

// rawBody: Nest parses JSON before any controller sees it; the signature is over the bytes as they came.
const app = await NestFactory.create(AppModule, { rawBody: true, logger: ['warn', 'error'] })
app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true })
const port = Number(process.env.PORT ?? 3000)
await app.listen(port)
console.log(`Stripe posts to http://localhost:${port}/webhooks/stripe`)
