import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { LONGEST_LINE_MS, MOST_IN_LINE } from '../../lib/contracts/line.js';
import { TOKENS_RESERVED } from '../../lib/core/fencing-token.js';
import { encodeName } from '../../lib/core/lock-name.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { claimOf, dialects, freshName, freshOwner, idsIn, LockTable, MINUTE } from './lock-table.js';

/** What each statement does to a row, on every server. Times pass by moving the row into the past, so nothing here sleeps for long. */
eachDatabase('Statements', (database) => {
  let table: LockTable;
  let name: string;

  before(async () => {
    table = new LockTable(database());
    await table.create();
  });
  beforeEach(() => (name = freshName()));
  after(() => table.close());

  describe('ask', () => {
    it('takes a name that was never used', async () => {
      const owner = freshOwner();
      const answer = await table.ask(name, { owner, ttlMs: 30_000 });
      const row = await table.row(name);
      if (answer.kind !== 'granted') throw new Error(answer.kind);
      const { token, tokenTop, acquiredAt, now, waiters } = answer.grant;
      expect({ acquiredAt, waiters }).to.deep.equal({ acquiredAt: now, waiters: 0 });
      expect(tokenTop - token).to.equal(TOKENS_RESERVED);
      expect(Math.floor(token / 1_000)).to.equal(now);
      expect(row).to.include({
        owner,
        token,
        token_top: tokenTop,
        acquired_at: now,
        expires_at: now + 30_000,
        holder: 'host 1',
        label: 'spec',
      });
    });

    it('reads the clock of the database in whole milliseconds', async () => {
      const { now } = await table.hold(name);
      expect(Math.abs(now - Date.now())).to.be.below(500); // the server of the specs is on this machine
    });

    it('is answered busy while somebody holds it, and changes nothing', async () => {
      await table.hold(name);
      const before = await table.row(name);
      expect((await table.ask(name)).kind).to.equal('busy');
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('takes a lock whose lease is over, with a token above all that its owner may have handed out', async () => {
      const { tokenTop } = await table.hold(name);
      await table.age(name, MINUTE + 1);
      expect((await table.hold(name)).token).to.be.above(tokenTop);
    });

    it('is granted the same token again when it is repeated, with a whole ttl left', async () => {
      const owner = freshOwner();
      const first = await table.hold(name, { owner });
      await table.age(name, MINUTE / 2);
      const { grant } = (await table.ask(name, { owner })) as { grant: object };
      expect(grant).to.include({ token: first.token, tokenTop: first.tokenTop });
      expect((await table.row(name))?.expires_at).to.be.at.least(first.now + MINUTE);
    });

    it('is not granted again what was revoked meanwhile', async () => {
      const { owner } = await table.hold(name);
      await table.run(table.statements.revoke(name));
      const before = await table.row(name);
      expect((await table.ask(name, { owner })).kind).to.equal('busy');
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('does nothing after its time: neither makes a row nor takes one', async () => {
      const { now, owner } = await table.hold(freshName());
      expect((await table.ask(name, { notAfter: now - 1 })).kind).to.not.equal('granted');
      expect(await table.row(name)).to.equal(undefined);
      await table.hold(name, { owner: freshOwner() });
      await table.age(name);
      const before = await table.row(name);
      expect((await table.ask(name, { notAfter: now - 1, owner })).kind).to.not.equal('granted');
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('is not granted its own lock again after its time', async () => {
      const { owner, now } = await table.hold(name);
      expect((await table.ask(name, { owner, notAfter: now - 1 })).kind).to.not.equal('granted');
    });

    it('takes within its time', async () => {
      const { now } = await table.hold(freshName());
      expect((await table.ask(name, { notAfter: now + MINUTE })).kind).to.equal('granted');
    });

    it('joins no line', async () => {
      await table.hold(name);
      await table.ask(name);
      expect(await table.row(name)).to.include({ line: '', line_until: 0 });
    });

    it('gives an expired lock to the head of its line for one claim, and is answered busy', async () => {
      const { tokenTop } = await table.hold(name);
      const head = await table.stand(name, { waitMs: 3 * MINUTE });
      const second = await table.stand(name);
      await table.age(name, MINUTE + 1);
      expect((await table.ask(name, { claimMs: 3_000 })).kind).to.equal('busy');
      const row = await table.row(name);
      expect(row).to.include({ owner: head, line: `${second},`, holder: '', label: '' });
      expect(row?.token).to.be.above(tokenTop);
      expect((row?.expires_at ?? 0) - (row?.acquired_at ?? 0)).to.equal(3_000);
    });

    it('wipes the line of an expired lock when all in it have stopped waiting, and takes the lock', async () => {
      await table.hold(name);
      await table.stand(name);
      await table.stand(name);
      await table.age(name, 2 * MINUTE);
      const { owner, waiters } = await table.hold(name);
      expect(waiters).to.equal(0);
      expect(await table.row(name)).to.include({ owner, line: '' });
    });

    it('tells names apart that differ in case or by a blank', async () => {
      await table.hold(name);
      for (const other of [name.toUpperCase(), `${name} `, ` ${name}`]) await table.hold(encodeName(other));
    });

    it('keeps quotes, backslashes, percent signs and the longest keys apart', async () => {
      for (const odd of [`${name}'`, `${name}"`, `${name}\\`, `${name}%`, `${name}_`, `${name}$1`, `${name}?1`, name.padEnd(1_366, 'x')]) {
        await table.hold(odd);
        expect((await table.ask(odd)).kind).to.equal('busy');
      }
    });
  });

  describe('join', () => {
    it('takes a free lock', async () => {
      expect((await table.join(name)).kind).to.equal('granted');
    });

    it('stands in line behind who holds it, and tells who that is', async () => {
      const { acquiredAt } = await table.hold(name, { holder: 'host 7', label: 'nightly' });
      const owner = freshOwner();
      const answer = await table.join(name, { owner });
      const occupant = { holder: 'host 7', label: 'nightly', acquiredAt, expiresAt: acquiredAt + MINUTE };
      expect(answer).to.deep.include({ kind: 'waiting', ahead: 0, occupant });
      expect((await table.row(name))?.line).to.equal(`${owner},`);
      expect(await table.join(name, { owner: freshOwner() })).to.deep.include({ kind: 'waiting', ahead: 1, occupant });
    });

    it('keeps the order of arrival, and stands once however often it is repeated', async () => {
      await table.hold(name);
      const [first, second, third] = [await table.stand(name), await table.stand(name), await table.stand(name)];
      expect((await table.join(name, { owner: first })).kind).to.equal('waiting');
      expect(idsIn((await table.row(name))?.line)).to.deep.equal([first, second, third]);
    });

    it('is answered busy when the line is full, unless it stands there already', async () => {
      await table.hold(name);
      const line: string[] = [];
      while (line.length < MOST_IN_LINE) line.push(await table.stand(name));
      expect((await table.join(name)).kind).to.equal('busy');
      expect((await table.join(name, { owner: line[40] ?? '' })).kind).to.equal('waiting');
      expect(idsIn((await table.row(name))?.line)).to.deep.equal(line);
    });

    it('keeps the line alive for as long as somebody in it waits, whoever waits longest', async () => {
      const { now } = await table.hold(name);
      await table.stand(name, { waitMs: 4 * MINUTE });
      const until = (await table.row(name))?.line_until ?? 0;
      await table.stand(name, { waitMs: MINUTE });
      expect(until).to.be.within(now + 4 * MINUTE, now + 4 * MINUTE + 1_000);
      expect((await table.row(name))?.line_until).to.equal(until);
    });

    it('keeps it alive for five minutes at most', async () => {
      const { now } = await table.hold(name);
      await table.stand(name, { waitMs: 10 * LONGEST_LINE_MS });
      expect((await table.row(name))?.line_until).to.be.within(now + LONGEST_LINE_MS, now + LONGEST_LINE_MS + 1_000);
    });

    it('begins a new line where the old one is dead', async () => {
      await table.hold(name, { ttlMs: 10 * MINUTE });
      for (let stands = 0; stands < MOST_IN_LINE; stands++) await table.stand(name);
      await table.age(name, 2 * MINUTE);
      const only = await table.stand(name);
      expect(idsIn((await table.row(name))?.line)).to.deep.equal([only]);
    });

    it('stands behind a lock that rests without owner', async () => {
      const { owner, token } = await table.hold(name);
      await table.release(name, owner, { usedToken: token, restMs: MINUTE });
      expect((await table.join(name)).kind).to.equal('waiting');
      expect((await table.row(name))?.released_at).to.be.above(0);
    });

    it('moves an expired lock on to the head of its line, and stands on', async () => {
      await table.hold(name);
      const head = await table.stand(name, { waitMs: 3 * MINUTE });
      const second = await table.stand(name);
      await table.age(name, MINUTE + 1);
      expect((await table.join(name, { owner: second })).kind).to.equal('waiting');
      expect(await table.row(name)).to.include({ owner: head, line: `${second},` });
    });

    it('gets a whole ttl, not one claim, when it comes back as the head of an expired lock', async () => {
      await table.hold(name);
      const head = await table.stand(name, { waitMs: 3 * MINUTE });
      await table.age(name, MINUTE + 1);
      const answer = await table.join(name, { owner: head, ttlMs: MINUTE, claimMs: 3_000, holder: 'host 2' });
      if (answer.kind !== 'granted') throw new Error(answer.kind);
      expect(await table.row(name)).to.include({ owner: head, expires_at: answer.grant.now + MINUTE, holder: 'host 2' });
    });

    it('gets a whole ttl, not one claim, when it is repeated after the lock was handed to it', async () => {
      const { owner: holder, token } = await table.hold(name);
      const owner = await table.stand(name);
      await table.release(name, holder, { usedToken: token, claimMs: 3_000 });
      const answer = await table.join(name, { owner, ttlMs: MINUTE, holder: 'host 2' });
      if (answer.kind !== 'granted') throw new Error(answer.kind);
      expect(answer.grant.token).to.be.above(token);
      expect(await table.row(name)).to.include({ owner, expires_at: answer.grant.now + MINUTE, holder: 'host 2' });
    });

    it('does not stand in its own line after a revocation', async () => {
      const { owner } = await table.hold(name);
      await table.run(table.statements.revoke(name));
      expect((await table.join(name, { owner })).kind).to.equal('busy');
      expect((await table.row(name))?.line).to.equal('');
    });

    it('does nothing after its time', async () => {
      const { now } = await table.hold(name);
      expect((await table.join(name, { notAfter: now - 1 })).kind).to.be.oneOf(['busy', 'late']);
      expect((await table.row(name))?.line).to.equal('');
    });
  });

  describe('look', () => {
    it('tells everybody in one answer where they stand, how many wait and stand in front, and who holds it', async () => {
      const other = freshName();
      const mine = await table.hold(name, { holder: 'host 7', label: 'nightly' });
      const [waiting, behind] = [await table.stand(name), await table.stand(name)];
      const gone = freshOwner();
      const stands = [
        { key: name, owner: mine.owner },
        { key: name, owner: waiting },
        { key: name, owner: behind },
        { key: name, owner: gone },
        { key: other, owner: gone },
      ];
      const views = await table.look(...stands);
      const occupant = { holder: 'host 7', label: 'nightly', acquiredAt: mine.acquiredAt, expiresAt: mine.acquiredAt + MINUTE };
      expect(views.map(({ now, ...view }) => (expect(now).to.be.at.least(mine.now), view))).to.have.deep.members([
        { owner: mine.owner, place: 'mine', waiters: 2, ahead: 0, occupant },
        { owner: waiting, place: 'waiting', waiters: 2, ahead: 0, occupant },
        { owner: behind, place: 'waiting', waiters: 2, ahead: 1, occupant },
        { owner: gone, place: 'gone', waiters: 2, ahead: 0, occupant },
        { owner: gone, place: 'gone', waiters: 0, ahead: 0, occupant: undefined },
      ]);
    });

    it('answers a hundred stands at once', async () => {
      const { owner } = await table.hold(name);
      const views = await table.look(...Array.from({ length: 100 }, () => ({ key: name, owner })));
      expect(views).to.have.length(100);
    });
  });

  describe('advance', () => {
    const advance = (claimMs = 3_000) => table.run(table.statements.advance(name, claimMs));

    it('makes the head of the line owner for one claim when the lease is over', async () => {
      const { tokenTop } = await table.hold(name);
      const head = await table.stand(name, { waitMs: 3 * MINUTE });
      const second = await table.stand(name);
      await table.age(name, MINUTE + 1);
      await advance();
      const row = await table.row(name);
      expect(row).to.include({ owner: head, line: `${second},`, holder: '', label: '' });
      expect(row?.token).to.be.above(tokenTop);
      expect((row?.expires_at ?? 0) - (row?.acquired_at ?? 0)).to.equal(3_000);
    });

    it('passes a head over that does not answer within its claim', async () => {
      await table.hold(name);
      await table.stand(name, { waitMs: 5 * MINUTE });
      const second = await table.stand(name);
      for (let claims = 0; claims < 2; claims++) {
        await table.age(name, MINUTE + 1);
        await advance();
      }
      expect(await table.row(name)).to.include({ owner: second, line: '' });
    });

    it('leaves a lock alone that is held, has no line, or has a dead one', async () => {
      await table.hold(name);
      await table.stand(name);
      const held = await table.row(name);
      await advance();
      expect(await table.row(name)).to.deep.equal(held);
      await table.age(name, 2 * MINUTE);
      const dead = await table.row(name);
      await advance();
      expect(await table.row(name)).to.deep.equal(dead);
    });
  });

  describe('confirm', () => {
    it('makes a claim a lease', async () => {
      const holder = await table.hold(name);
      const owner = await table.stand(name);
      await table.release(name, holder.owner, { usedToken: holder.token, claimMs: 3_000 });
      await table.age(name, 1_000);
      const grant = await table.confirm(name, { owner, ttlMs: 2 * MINUTE, holder: 'host 2', label: 'confirmed' });
      if (!grant) throw new Error('not confirmed');
      expect(grant.token).to.be.above(holder.token);
      expect(grant.acquiredAt).to.equal(grant.now);
      expect(grant.tokenTop - grant.token).to.equal(TOKENS_RESERVED);
      expect(await table.row(name)).to.include({ owner, expires_at: grant.now + 2 * MINUTE, holder: 'host 2', label: 'confirmed' });
    });

    it('succeeds after the claim is over, while the row still names it', async () => {
      const { owner } = await table.hold(name);
      await table.age(name, 2 * MINUTE);
      expect(await table.confirm(name, { owner })).to.include({ waiters: 0 });
    });

    it('fails for anybody whom the row does not name', async () => {
      await table.hold(name);
      const waiting = await table.stand(name);
      const before = await table.row(name);
      expect(await table.confirm(name, { owner: waiting })).to.equal(undefined);
      expect(await table.confirm(name)).to.equal(undefined);
      expect(await table.confirm(freshName())).to.equal(undefined);
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('fails when it was revoked', async () => {
      const { owner } = await table.hold(name);
      await table.run(table.statements.revoke(name));
      expect(await table.confirm(name, { owner })).to.equal(undefined);
    });
  });

  describe('renew', () => {
    const renew = (...owners: { owner: string; key?: string; ttlMs?: number; token?: number }[]) =>
      table.run(table.statements.renew(owners.map((renewal) => ({ key: name, ttlMs: MINUTE, token: 0, ...renewal }))));

    it('extends a lease', async () => {
      const { owner, tokenTop } = await table.hold(name);
      await table.stand(name);
      await table.age(name, MINUTE / 2);
      const [answer] = await renew({ owner, ttlMs: 2 * MINUTE });
      if (answer?.kind !== 'renewed') throw new Error(answer?.kind);
      expect(answer).to.include({ owner, tokenTop, waiters: 1 });
      expect((await table.row(name))?.expires_at).to.equal(answer.now + 2 * MINUTE);
    });

    it('writes down the last token used, and reserves more above it', async () => {
      const { owner, token } = await table.hold(name);
      const [answer] = await renew({ owner, token: token + 400 });
      expect(answer).to.include({ tokenTop: token + 400 + TOKENS_RESERVED });
      expect(await table.row(name)).to.include({ token: token + 400, token_top: token + 400 + TOKENS_RESERVED });
    });

    it('never shortens a lease', async () => {
      const { owner } = await table.hold(name, { ttlMs: 5 * MINUTE });
      const before = await table.row(name);
      await renew({ owner, ttlMs: 1_000 });
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('succeeds after the lease is over, while nobody has taken it', async () => {
      const { owner } = await table.hold(name);
      await table.age(name, 2 * MINUTE);
      expect((await renew({ owner }))[0]?.kind).to.equal('renewed');
    });

    it('answers deleted where there is no row, and makes none', async () => {
      const owner = freshOwner();
      expect(await renew({ owner })).to.deep.equal([{ owner, kind: 'deleted' }]);
      expect(await table.row(name)).to.equal(undefined);
    });

    it('answers revoked, and extends nothing', async () => {
      const { owner } = await table.hold(name);
      await table.run(table.statements.revoke(name));
      const before = await table.row(name);
      expect(await renew({ owner, ttlMs: 5 * MINUTE })).to.deep.equal([{ owner, kind: 'revoked' }]);
      expect(await table.row(name)).to.deep.equal(before);
    });

    it('answers taken where another has it, and revoked where nobody has, and changes nothing', async () => {
      const { owner } = await table.hold(name);
      const stranger = freshOwner();
      const held = await table.row(name);
      expect(await renew({ owner: stranger, ttlMs: 5 * MINUTE })).to.deep.equal([{ owner: stranger, kind: 'taken' }]);
      expect(await table.row(name)).to.deep.equal(held);
      await table.release(name, owner);
      const free = await table.row(name);
      expect(await renew({ owner, ttlMs: 5 * MINUTE })).to.deep.equal([{ owner, kind: 'revoked' }]);
      expect(await table.row(name)).to.deep.equal(free);
    });

    it('answers a hundred renewals in one statement, each for itself', async () => {
      const names = Array.from({ length: 98 }, freshName);
      const owners: { key: string; owner: string }[] = [];
      for (const key of names) owners.push({ key, owner: (await table.hold(key)).owner });
      const revoked = await table.hold(name);
      await table.run(table.statements.revoke(name));
      const stranger = { key: names[0] ?? '', owner: freshOwner() };
      const answers = await renew(stranger, ...owners, { owner: revoked.owner });
      const kinds = new Map(answers.map(({ owner, kind }) => [owner, kind]));
      expect(answers).to.have.length(100);
      expect([kinds.get(stranger.owner), kinds.get(revoked.owner)]).to.deep.equal(['taken', 'revoked']);
      expect(owners.map(({ owner }) => kinds.get(owner))).to.deep.equal(Array(98).fill('renewed'));
    });

    it('answers two that were owners of one name, whichever comes first', async () => {
      const first = await table.hold(name);
      await table.age(name, 2 * MINUTE);
      const second = await table.hold(name);
      for (const order of [
        [first, second],
        [second, first],
      ]) {
        const answers = await renew(...order.map(({ owner }) => ({ owner })));
        const kinds = new Map(answers.map(({ owner, kind }) => [owner, kind]));
        expect([kinds.get(first.owner), kinds.get(second.owner)]).to.deep.equal(['taken', 'renewed']);
      }
    });

    it('answers none when asked for none', async () => {
      expect(await renew()).to.deep.equal([]);
    });
  });

  describe('release', () => {
    it('frees the lock, and gives back the tokens that were not used', async () => {
      const { owner, token } = await table.hold(name);
      expect(await table.release(name, owner, { usedToken: token + 7 })).to.equal(true);
      const row = await table.row(name);
      expect(row).to.include({ owner: null, expires_at: 0, token: token + 7, token_top: token + 7 });
      expect((await table.hold(name)).token).to.be.above(token + 7);
    });

    it('counts the first token as used where nothing is said of it', async () => {
      const { owner, token } = await table.hold(name);
      await table.release(name, owner);
      expect(await table.row(name)).to.include({ token, token_top: token });
    });

    it('hands the lock to the head of the line for one claim, with a token above those used', async () => {
      const { owner, token } = await table.hold(name);
      const [head, second, third] = [await table.stand(name), await table.stand(name), await table.stand(name)];
      expect(await table.release(name, owner, { usedToken: token + 7, claimMs: 3_000 })).to.equal(true);
      const row = await table.row(name);
      expect(row).to.include({ owner: head, line: `${second},${third},`, holder: '', label: '' });
      expect(row?.token).to.be.above(token + 7);
      expect((row?.token_top ?? 0) - (row?.token ?? 0)).to.equal(TOKENS_RESERVED);
      expect((row?.expires_at ?? 0) - (row?.acquired_at ?? 0)).to.equal(3_000);
    });

    it('frees the lock and wipes the line where all in it have stopped waiting', async () => {
      const { owner } = await table.hold(name, { ttlMs: 10 * MINUTE });
      await table.stand(name);
      await table.stand(name);
      await table.age(name, 2 * MINUTE);
      await table.release(name, owner);
      expect(await table.row(name)).to.include({ owner: null, line: '', expires_at: 0 });
    });

    it('lets the lock rest without owner, and keeps its line for afterwards', async () => {
      const { owner, token } = await table.hold(name);
      const head = await table.stand(name, { waitMs: 3 * MINUTE });
      expect(await table.release(name, owner, { usedToken: token, restMs: MINUTE })).to.equal(true);
      const row = await table.row(name);
      expect(row).to.include({ owner: null, line: `${head},`, holder: 'host 1', label: 'spec' });
      expect((row?.expires_at ?? 0) - (row?.released_at ?? 0)).to.equal(MINUTE);
      expect((await table.ask(name)).kind).to.equal('busy');
      await table.age(name, MINUTE + 1);
      expect((await table.ask(name)).kind).to.equal('busy');
      expect((await table.row(name))?.owner).to.equal(head);
    });

    it('changes nothing when it is repeated, or sent by a stranger', async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner);
      const free = await table.row(name);
      expect(await table.release(name, owner)).to.equal(false);
      expect(await table.release(name, freshOwner())).to.equal(false);
      expect(await table.release(freshName(), owner)).to.equal(false);
      expect(await table.row(name)).to.deep.equal(free);
      await table.hold(name);
      const held = await table.row(name);
      expect(await table.release(name, owner)).to.equal(false);
      expect(await table.row(name)).to.deep.equal(held);
    });

    it('hands on what was revoked to an owner whose lease is not', async () => {
      const { owner } = await table.hold(name);
      const next = await table.stand(name);
      await table.run(table.statements.revoke(name));
      expect(await table.release(name, owner)).to.equal(true);
      expect((await table.confirm(name, { owner: next }))?.token).to.be.above(0);
    });

    it('says that it owned a lock whose lease was over and that nobody had taken', async () => {
      const { owner } = await table.hold(name);
      await table.age(name, 2 * MINUTE);
      expect(await table.release(name, owner)).to.equal(true);
    });
  });

  describe('leave', () => {
    it('leaves the line from anywhere in it, and nothing else', async () => {
      const { owner } = await table.hold(name);
      const [first, second, third] = [await table.stand(name), await table.stand(name), await table.stand(name)];
      const held = await table.row(name);
      await table.leave(name, second);
      const left = await table.row(name);
      expect(idsIn(left?.line)).to.deep.equal([first, third]);
      expect({ ...left, line: '' }).to.deep.equal({ ...held, line: '' });
      expect(left).to.include({ owner });
    });

    it('hands on when the lock was given to it before it left', async () => {
      const { owner } = await table.hold(name);
      const [first, second] = [await table.stand(name), await table.stand(name)];
      await table.release(name, owner);
      await table.leave(name, first);
      expect(await table.row(name)).to.include({ owner: second, line: '' });
    });

    it('frees the lock where nobody else stands in line', async () => {
      const { owner, token } = await table.hold(name);
      await table.leave(name, owner);
      expect(await table.row(name)).to.include({ owner: null, expires_at: 0, line: '', token, token_top: token });
    });

    it('changes nothing when it is repeated, or sent by a stranger', async () => {
      await table.hold(name);
      const first = await table.stand(name);
      await table.leave(name, first);
      const held = await table.row(name);
      await table.leave(name, first);
      await table.leave(name, freshOwner());
      expect(await table.row(name)).to.deep.equal(held);
    });
  });

  describe('revoke', () => {
    const revoke = () => table.run(table.statements.revoke(name));

    it('lets the lease run out, unrenewed, and tells whether anybody held it', async () => {
      expect(await revoke()).to.equal(false);
      const { owner, acquiredAt } = await table.hold(name);
      expect(await revoke()).to.equal(true);
      expect(await table.row(name)).to.include({ owner, expires_at: acquiredAt + MINUTE });
      await table.age(name);
      expect(await revoke()).to.equal(false);
    });

    it('says nothing of the next owner', async () => {
      await table.hold(name);
      await revoke();
      await table.age(name);
      const { owner, token } = await table.hold(name);
      expect(await table.confirm(name, { owner })).to.include({ token });
    });
  });

  describe('free', () => {
    const free = () => table.run(table.statements.free(name, 3_000));

    it('frees a held lock at once, with the next token above all that its owner may still hand out', async () => {
      const { tokenTop } = await table.hold(name);
      expect(await free()).to.equal(true);
      expect(await table.row(name)).to.include({ owner: null, expires_at: 0, token_top: tokenTop });
      expect((await table.hold(name)).token).to.be.above(tokenTop);
    });

    it('hands it to the head of the line, as a release does', async () => {
      const { tokenTop } = await table.hold(name);
      const [head, second] = [await table.stand(name), await table.stand(name)];
      expect(await free()).to.equal(true);
      const row = await table.row(name);
      expect(row).to.include({ owner: head, line: `${second},` });
      expect(row?.token).to.be.above(tokenTop);
      expect((row?.expires_at ?? 0) - (row?.acquired_at ?? 0)).to.equal(3_000);
    });

    it('hands on what was revoked to an owner whose lease is not', async () => {
      await table.hold(name);
      const next = await table.stand(name);
      await table.run(table.statements.revoke(name));
      await free();
      expect((await table.confirm(name, { owner: next }))?.token).to.be.above(0);
    });

    it('ends a rest', async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner, { restMs: MINUTE });
      expect(await free()).to.equal(true);
      await table.hold(name);
    });

    it('answers false where nothing is held, and changes nothing', async () => {
      expect(await free()).to.equal(false);
      await table.hold(name);
      await table.age(name);
      const lapsed = await table.row(name);
      expect(await free()).to.equal(false);
      expect(await table.row(name)).to.deep.equal(lapsed);
    });
  });

  describe('list', () => {
    const list = (key?: string) => table.run(table.statements.list(key));

    it('shows a held lock with its holder, its token and how many wait', async () => {
      const { acquiredAt, token } = await table.hold(name, { holder: 'host 7', label: 'nightly' });
      await table.stand(name);
      await table.stand(name);
      const common = { key: name, token, holder: 'host 7', label: 'nightly', acquiredAt, expiresAt: acquiredAt + MINUTE };
      expect(await list(name)).to.deep.equal([{ ...common, releasedAt: undefined, revoked: false, waiters: 2 }]);
    });

    it('shows a resting one with the moment of its release', async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner, { restMs: MINUTE });
      const [view] = await list(name);
      expect(view?.releasedAt).to.equal((view?.expiresAt ?? 0) - MINUTE);
    });

    it('shows that one was revoked, until somebody else has it', async () => {
      await table.hold(name);
      await table.run(table.statements.revoke(name));
      expect((await list(name))[0]?.revoked).to.equal(true);
      await table.age(name);
      await table.hold(name);
      expect((await list(name))[0]?.revoked).to.equal(false);
    });

    it('shows nothing of free and expired ones', async () => {
      const released = await table.hold(name);
      await table.release(name, released.owner);
      expect(await list(name)).to.deep.equal([]);
      await table.hold(name);
      await table.age(name);
      expect(await list(name)).to.deep.equal([]);
    });

    it('shows all in the order of their names when none is named', async () => {
      const names = [`${name} b`, `${name} a`, `${name} C`];
      for (const each of names) await table.hold(each);
      const shown = (await list()).map(({ key }) => key).filter((key) => key.startsWith(name));
      expect(shown).to.deep.equal([`${name} C`, `${name} a`, `${name} b`]);
    });
  });

  describe('prune', () => {
    const prune = (idleMs = MINUTE) => table.run(table.statements.prune(idleMs));
    const free = async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner);
    };

    it('deletes what has been free for so long, released or expired, and tells how many', async () => {
      await prune(0);
      const other = freshName();
      await free();
      await table.hold(other);
      await table.age(name, 2 * MINUTE);
      await table.age(other, 3 * MINUTE);
      await table.query('UPDATE % SET token_top = token_top - 2000000 WHERE name IN (:names)', { names: [name, other] });
      expect(await prune()).to.equal(2);
      expect([await table.row(name), await table.row(other)]).to.deep.equal([undefined, undefined]);
    });

    const spares = (what: string, prepare: () => Promise<unknown>, tokensAreOld = true) =>
      it(`spares ${what}`, async () => {
        await prepare();
        if (tokensAreOld) await table.query('UPDATE % SET token_top = token_top - 2000000 WHERE name = :name', { name });
        await prune();
        expect(await table.row(name)).to.not.equal(undefined);
      });

    spares('what was released a moment ago', free);
    spares('what is held', () => table.hold(name));
    spares('what is held since long', async () => {
      const { owner } = await table.hold(name);
      await table.age(name, 10 * MINUTE);
      await table.run(table.statements.renew([{ key: name, owner, ttlMs: MINUTE, token: 0 }]));
    });
    spares('what rests', async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner, { restMs: 5 * MINUTE });
      await table.age(name, 2 * MINUTE);
    });
    spares('what has waiters', async () => {
      await table.hold(name);
      await table.stand(name, { waitMs: 5 * MINUTE });
      await table.age(name, 3 * MINUTE);
    });
    const aheadOfTheClock = async () => {
      const { owner, now } = await table.hold(name);
      await table.release(name, owner, { usedToken: (now + MINUTE) * 1_000 });
      await table.age(name, 5 * MINUTE);
    };
    spares('what may have handed out tokens ahead of the clock', aheadOfTheClock, false);
  });

  describe('tokens', () => {
    it('rise over release, expiry, revocation, forced release, pruning, a deleted row and an emptied table', async () => {
      const { statements } = table;
      const ends: Record<string, (owner: string) => Promise<unknown>> = {
        release: (owner) => table.release(name, owner),
        pruning: async (owner) => {
          await table.release(name, owner);
          await table.age(name);
          do await table.run(statements.prune(0));
          while (await table.row(name));
        },
        // What is lost must be older than the clock's grain.
        deletion: async () => (await setTimeout(2), table.query('DELETE FROM % WHERE name = :name', { name })),
        emptying: async () => (await setTimeout(2), table.query('DELETE FROM %')),
        expiry: () => table.age(name),
        revocation: async () => (await table.run(statements.revoke(name)), table.age(name)),
        'forced release': () => table.run(statements.free(name, 1_000)),
        'hand-over': async (owner) => {
          const next = await table.stand(name);
          await table.release(name, owner);
          await table.release(name, next);
        },
      };
      let last = 0;
      for (const [end, byEnd] of Object.entries(ends)) {
        const { owner, token } = await table.hold(name);
        expect(token, `after what came before ${end}`).to.be.above(last);
        last = token;
        await byEnd(owner);
      }
      expect((await table.hold(name)).token).to.be.above(last);
    });

    it('stay below the largest whole number that JavaScript knows, for centuries', async () => {
      const { tokenTop } = await table.hold(name);
      expect(Number.MAX_SAFE_INTEGER / tokenTop).to.be.above(5);
    });

    it('come from the clock where the row is behind it', async () => {
      const { owner } = await table.hold(name);
      await table.release(name, owner);
      await setTimeout(2);
      const { token, now } = await table.hold(name);
      expect(Math.floor(token / 1_000)).to.equal(now);
    });

    it('come from the row where it is ahead of the clock', async () => {
      const { owner, now } = await table.hold(name);
      const used = (now + MINUTE) * 1_000;
      await table.release(name, owner, { usedToken: used });
      expect((await table.hold(name)).token).to.equal(used + 1);
    });
  });

  describe('create', () => {
    const tables = (count: number, of: TestDatabase, named: string) =>
      Array.from({ length: count }, () => new LockTable(of, { table: named }));

    for (const named of ['first', 'ops.second', 'Odd "name"']) {
      it(`makes the table ${named}, whoever else makes it at the same time, without an error in the server's log`, async function () {
        this.timeout(20_000);
        // Where a schema is a database, the server may have one of that name already.
        const makers = tables(20, database(), named.replace('ops', `ops_${freshOwner()}`));
        await Promise.all(makers.map((maker) => maker.runPatiently(maker.statements.create())));
        for (const maker of makers) await maker.runPatiently(maker.statements.create());
        const owner = await Promise.all(makers.map((maker) => maker.runPatiently(maker.statements.ask(claimOf(name)))));
        await Promise.all(makers.map((maker) => maker.close()));
        expect(owner.filter(({ kind }) => kind === 'granted')).to.have.length(1);
        expect(
          database()
            .logLines()
            ?.filter((line) => line.includes('ERROR')) ?? [],
        ).to.deep.equal([]);
      });
    }

    it('tells the SQL that does the same, for a migration', async () => {
      const migrated = new LockTable(database(), { table: 'migrated' });
      for (const sql of migrated.statements.createSql().split(/;\n/)) if (sql) await migrated.query(sql);
      const { columns } = await migrated.run(migrated.statements.columns());
      await migrated.hold(name);
      await migrated.close();
      expect(columns).to.deep.equal((await table.run(table.statements.columns())).columns);
    });
  });

  describe('columns', () => {
    it('are those of the table, in order', async () => {
      expect((await table.run(table.statements.columns())).columns.slice(0, 4)).to.deep.equal(['name', 'owner', 'token', 'token_top']);
    });

    it('come with the time', async () => {
      const { now } = await table.run(table.statements.columns());
      expect(Math.abs(now - Date.now())).to.be.below(60_000);
    });

    it('are none where there is no table', async () => {
      const missing = new LockTable(database(), { table: 'nowhere.missing' });
      expect((await missing.run(missing.statements.columns())).columns).to.deep.equal([]);
      await missing.close();
    });

    it('are those of somebody else, where the table is', async () => {
      await table.query('CREATE TABLE foreign_table (a int, b int)');
      const foreign = new LockTable(database(), { table: 'foreign_table' });
      expect((await foreign.run(foreign.statements.columns())).columns).to.deep.equal(['a', 'b']);
      await foreign.close();
    });
  });

  it('have one text for each id, so that a driver may prepare them once', () => {
    const dialect = dialects[database().dialect];
    const [one, other] = [dialect.statements({ table: 'a' }), dialect.statements({ table: 'a' })];
    expect(one.ask(claimOf('x')).statement.text).to.equal(other.ask(claimOf('y')).statement.text);
    expect(one.renew([]).statement.text).to.equal(one.renew([{ key: 'x', owner: 'y', ttlMs: 1, token: 1 }]).statement.text);
    expect(one.release({ key: 'x', owner: 'y', usedToken: 1, restMs: 0, claimMs: 1 }).statement.text).to.equal(
      one.release({ key: 'z', owner: 'z', usedToken: 0, restMs: 9, claimMs: 1 }).statement.text,
    );
  });
});
