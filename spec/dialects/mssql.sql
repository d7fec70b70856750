-- columns
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @table nvarchar(300) = @p1;
SELECT c.name AS [column], o.now FROM (SELECT @ms AS now) o LEFT JOIN sys.columns c ON c.object_id = OBJECT_ID(@table) ORDER BY c.column_id;

-- create
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000;
BEGIN TRANSACTION;
DECLARE @locked int;
EXEC @locked = sp_getapplock @Resource = N'sequelize-distributed-lock', @LockMode = N'Exclusive', @LockOwner = N'Transaction',
  @LockTimeout = 4000;
IF @locked < 0 BEGIN; THROW 51222, N'Another process has been making tables for too long.', 1; END;
IF SCHEMA_ID(N'ops') IS NULL EXEC(N'CREATE SCHEMA [ops]');
IF OBJECT_ID(N'[ops].[distributed_lock]') IS NULL BEGIN
CREATE TABLE [ops].[distributed_lock] (
  name varchar(1400) COLLATE Latin1_General_BIN2 NOT NULL,
  owner varchar(32) COLLATE Latin1_General_BIN2 NULL,
  token bigint NOT NULL,
  token_top bigint NOT NULL,
  acquired_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  released_at bigint NULL,
  holder nvarchar(255) COLLATE Latin1_General_BIN2 NOT NULL,
  label nvarchar(255) COLLATE Latin1_General_BIN2 NOT NULL,
  line varchar(2112) COLLATE Latin1_General_BIN2 NOT NULL,
  line_until bigint NOT NULL,
  revoked bit NOT NULL,
  CONSTRAINT [distributed_lock_by_name] PRIMARY KEY NONCLUSTERED (name),
  CONSTRAINT [distributed_lock_by_owner] UNIQUE NONCLUSTERED (name, owner)
);
ALTER TABLE [ops].[distributed_lock] SET (LOCK_ESCALATION = DISABLE);
END;
COMMIT TRANSACTION;

-- ask
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @owner varchar(32) = @p2, @ttlMs bigint = @p3, @claimMs bigint = @p4, @holder nvarchar(255) = @p5, @label nvarchar(255) = @p6, @notAfter bigint = @p7;
DECLARE @rows int;
IF @notAfter IS NOT NULL AND @ms > @notAfter BEGIN SELECT @ms AS now; RETURN; END;
UPDATE l SET
    expires_at = CASE WHEN l.expires_at >= @ms + @ttlMs THEN l.expires_at ELSE @ms + @ttlMs END, released_at = NULL, holder = @holder, label = @label
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.owner = @owner AND l.revoked = 0;
SET @rows = @@ROWCOUNT;
IF @rows = 0 BEGIN
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN LEFT(l.line, 32) ELSE @owner END,
    line = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN SUBSTRING(l.line, 34, 8000) ELSE '' END,
    token = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END, token_top = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END + 1000000, acquired_at = @ms,
    expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN @ms + @claimMs ELSE @ms + @ttlMs END, released_at = NULL,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN N'' ELSE @holder END,
    label = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN N'' ELSE @label END, revoked = 0
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, READPAST, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.expires_at <= @ms;
SET @rows = @@ROWCOUNT;
END;
IF @rows = 0 AND NOT EXISTS (SELECT 1 FROM [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.name = @key) BEGIN
BEGIN TRY
  INSERT INTO [ops].[distributed_lock] (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked)
  VALUES (@key, @owner, @us, @us + 1000000, @ms, @ms + @ttlMs, @holder, @label, '', 0, 0);
  SET @rows = 1;
  SELECT @owner AS owner, @us AS token, @us + 1000000 AS token_top, @ms AS acquired_at, @ms + @ttlMs AS expires_at,
    @holder AS holder, @label AS label, '' AS line, @ms AS now;
END TRY
BEGIN CATCH
  IF ERROR_NUMBER() NOT IN (2601, 2627) BEGIN; THROW; END;
END CATCH;
END;
IF @rows = 0 SELECT @ms AS now;

-- join
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @owner varchar(32) = @p2, @ttlMs bigint = @p3, @claimMs bigint = @p4, @holder nvarchar(255) = @p5, @label nvarchar(255) = @p6, @notAfter bigint = @p7, @waitMs bigint = @p8;
DECLARE @rows int;
IF @notAfter IS NOT NULL AND @ms > @notAfter BEGIN SELECT @ms AS now; RETURN; END;
UPDATE l SET
    expires_at = CASE WHEN l.expires_at >= @ms + @ttlMs THEN l.expires_at ELSE @ms + @ttlMs END, released_at = NULL, holder = @holder, label = @label
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.owner = @owner AND l.revoked = 0;
SET @rows = @@ROWCOUNT;
IF @rows = 0 BEGIN
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN LEFT(l.line, 32) ELSE @owner END,
    line = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN SUBSTRING(l.line, 34, 8000) ELSE '' END,
    token = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END, token_top = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END + 1000000, acquired_at = @ms,
    expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN @ms + @claimMs ELSE @ms + @ttlMs END, released_at = NULL,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN N'' ELSE @holder END,
    label = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND LEFT(l.line, 32) <> @owner THEN N'' ELSE @label END, revoked = 0
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, READPAST, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.expires_at <= @ms;
SET @rows = @@ROWCOUNT;
END;
IF @rows = 0 AND NOT EXISTS (SELECT 1 FROM [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.name = @key) BEGIN
BEGIN TRY
  INSERT INTO [ops].[distributed_lock] (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked)
  VALUES (@key, @owner, @us, @us + 1000000, @ms, @ms + @ttlMs, @holder, @label, '', 0, 0);
  SET @rows = 1;
  SELECT @owner AS owner, @us AS token, @us + 1000000 AS token_top, @ms AS acquired_at, @ms + @ttlMs AS expires_at,
    @holder AS holder, @label AS label, '' AS line, @ms AS now;
END TRY
BEGIN CATCH
  IF ERROR_NUMBER() NOT IN (2601, 2627) BEGIN; THROW; END;
END CATCH;
END;
IF @rows = 0 BEGIN
UPDATE l SET
    line = CASE WHEN NOT (l.line <> '' AND l.line_until > @ms) THEN @owner + ',' WHEN CHARINDEX(@owner, l.line) > 0 THEN l.line ELSE l.line + @owner + ',' END,
    line_until = CASE WHEN l.line_until >= @ms + @waitMs THEN l.line_until ELSE @ms + @waitMs END
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (UPDLOCK, ROWLOCK, INDEX([distributed_lock_by_name]), FORCESEEK)
  WHERE l.name = @key AND (l.owner IS NULL OR l.owner <> @owner) AND l.expires_at > @ms
    AND (NOT (l.line <> '' AND l.line_until > @ms) OR DATALENGTH(l.line) < 2112 OR CHARINDEX(@owner, l.line) > 0);
SET @rows = @@ROWCOUNT;
END;
IF @rows = 0
  SELECT NULLIF(l.owner, @owner) AS owner, l.token, l.token_top, l.acquired_at, l.expires_at, l.holder, l.label, l.line, c.now
  FROM (SELECT @ms AS now) c LEFT JOIN [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) ON l.name = @key;

-- look
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @asked nvarchar(max) = @p1;
SELECT a.owner AS asker, @ms AS now, l.owner AS owner, l.token, l.token_top, l.acquired_at, l.expires_at, l.holder, l.label, l.line
  FROM OPENJSON(@asked) WITH (name varchar(1400) '$[0]', owner varchar(32) '$[1]') a LEFT JOIN [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) ON l.name = a.name COLLATE Latin1_General_BIN2;

-- advance
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @claimMs bigint = @p2;
UPDATE l SET
    owner = LEFT(l.line, 32), line = SUBSTRING(l.line, 34, 8000), token = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END, token_top = CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END + 1000000,
    acquired_at = @ms, expires_at = @ms + @claimMs, released_at = NULL, holder = N'', label = N'', revoked = 0
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, READPAST, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.expires_at <= @ms AND (l.line <> '' AND l.line_until > @ms);

-- confirm
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @owner varchar(32) = @p2, @ttlMs bigint = @p3, @holder nvarchar(255) = @p4, @label nvarchar(255) = @p5;
UPDATE l SET
    expires_at = CASE WHEN l.expires_at >= @ms + @ttlMs THEN l.expires_at ELSE @ms + @ttlMs END, acquired_at = @ms, holder = @holder, label = @label
  OUTPUT inserted.owner AS owner, inserted.token, inserted.token_top, inserted.acquired_at, inserted.expires_at, inserted.holder, inserted.label, inserted.line, @ms AS now
  FROM [ops].[distributed_lock] l WITH (ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) WHERE l.name = @key AND l.owner = @owner AND l.revoked = 0;

-- renew
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @asked nvarchar(max) = @p1, @count int = @p2;
UPDATE l SET
    expires_at = CASE WHEN l.expires_at >= @ms + a.ttl THEN l.expires_at ELSE @ms + a.ttl END, token = CASE WHEN l.token >= a.token THEN l.token ELSE a.token END,
    token_top = CASE WHEN l.token_top >= a.token + 1000000 THEN l.token_top ELSE a.token + 1000000 END
  OUTPUT a.owner AS asker, @ms AS now, inserted.token_top, DATALENGTH(inserted.line) / 33 AS waiters
  FROM OPENJSON(@asked) WITH (name varchar(1400) '$[0]', owner varchar(32) '$[1]', ttl bigint '$[2]', token bigint '$[3]') a
  JOIN [ops].[distributed_lock] l WITH (ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) ON l.name = a.name COLLATE Latin1_General_BIN2 AND l.owner = a.owner COLLATE Latin1_General_BIN2 WHERE l.revoked = 0;
IF @@ROWCOUNT < @count
  SELECT a.owner AS asker, l.name, l.owner, l.revoked
  FROM OPENJSON(@asked) WITH (name varchar(1400) '$[0]', owner varchar(32) '$[1]') a LEFT JOIN [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) ON l.name = a.name COLLATE Latin1_General_BIN2;

-- fence
SELECT l.owner FROM OPENJSON($1) WITH (name varchar(1400) '$[0]', owner varchar(32) '$[1]') a
  JOIN [ops].[distributed_lock] l WITH (HOLDLOCK, ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) ON l.name = a.name COLLATE Latin1_General_BIN2 AND l.owner = a.owner COLLATE Latin1_General_BIN2;

-- release
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @owner varchar(32) = @p2, @usedToken bigint = @p3, @restMs bigint = @p4, @claimMs bigint = @p5;
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN LEFT(l.line, 32) ELSE NULL END,
    line = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN SUBSTRING(l.line, 34, 8000) ELSE CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN l.line ELSE '' END END,
    token = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END ELSE u.used END,
    token_top = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END + 1000000 ELSE u.used END,
    acquired_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN @ms ELSE l.acquired_at END,
    expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN @ms + @claimMs ELSE CASE WHEN @restMs > 0 THEN @ms + @restMs ELSE 0 END END,
    released_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN NULL ELSE @ms END,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN N'' ELSE l.holder END,
    label = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN N'' ELSE l.label END,
    revoked = 0
  OUTPUT @owner AS released
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) CROSS APPLY (SELECT CASE WHEN @usedToken >= l.token THEN @usedToken ELSE l.token END AS used) u
  WHERE l.name = @key AND l.owner = @owner;

-- releaseAll
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @asked nvarchar(max) = @p1;
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN LEFT(l.line, 32) ELSE NULL END,
    line = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN SUBSTRING(l.line, 34, 8000) ELSE CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN l.line ELSE '' END END,
    token = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END ELSE u.used END,
    token_top = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END + 1000000 ELSE u.used END,
    acquired_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN @ms ELSE l.acquired_at END,
    expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN @ms + a.claim ELSE CASE WHEN a.rest > 0 THEN @ms + a.rest ELSE 0 END END,
    released_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN NULL ELSE @ms END,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN N'' ELSE l.holder END,
    label = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND a.rest = 0 THEN N'' ELSE l.label END,
    revoked = 0
  OUTPUT a.owner AS released
  FROM OPENJSON(@asked) WITH (name varchar(1400) '$[0]', owner varchar(32) '$[1]', used bigint '$[2]', rest bigint '$[3]', claim bigint '$[4]') a
  JOIN [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, READPAST, INDEX([distributed_lock_by_owner]), FORCESEEK) ON l.name = a.name COLLATE Latin1_General_BIN2 AND l.owner = a.owner COLLATE Latin1_General_BIN2
  CROSS APPLY (SELECT CASE WHEN a.used >= l.token THEN a.used ELSE l.token END AS used) u;

-- leave
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @owner varchar(32) = @p2, @usedToken bigint = @p3, @restMs bigint = @p4, @claimMs bigint = @p5;
UPDATE l SET line = REPLACE(l.line, @owner + ',', '')
  FROM [ops].[distributed_lock] l WITH (UPDLOCK, ROWLOCK, INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.name = @key AND CHARINDEX(@owner, l.line) > 0;
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN LEFT(l.line, 32) ELSE NULL END,
    line = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN SUBSTRING(l.line, 34, 8000) ELSE CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN l.line ELSE '' END END,
    token = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END ELSE u.used END,
    token_top = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN CASE WHEN u.used + 1 >= @us THEN u.used + 1 ELSE @us END + 1000000 ELSE u.used END,
    acquired_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN @ms ELSE l.acquired_at END,
    expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN @ms + @claimMs ELSE CASE WHEN @restMs > 0 THEN @ms + @restMs ELSE 0 END END,
    released_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN NULL ELSE @ms END,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN N'' ELSE l.holder END,
    label = CASE WHEN (l.line <> '' AND l.line_until > @ms) AND @restMs = 0 THEN N'' ELSE l.label END,
    revoked = 0
  OUTPUT @owner AS released
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK) CROSS APPLY (SELECT CASE WHEN @usedToken >= l.token THEN @usedToken ELSE l.token END AS used) u
  WHERE l.name = @key AND l.owner = @owner;

-- revoke
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1;
UPDATE l SET revoked = 1 OUTPUT 1 AS revoked
  FROM [ops].[distributed_lock] l WITH (UPDLOCK, ROWLOCK, INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.name = @key AND l.owner IS NOT NULL AND l.expires_at > @ms;

-- free
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1, @claimMs bigint = @p2;
DECLARE @was varchar(32), @tries int = 0;
WHILE @tries < 10 BEGIN
SET @tries = @tries + 1;
SELECT @was = l.owner FROM [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.name = @key AND l.expires_at > @ms;
IF @@ROWCOUNT = 0 BREAK;
UPDATE l SET
    owner = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN LEFT(l.line, 32) ELSE NULL END, line = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN SUBSTRING(l.line, 34, 8000) ELSE '' END,
    token = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END ELSE l.token END, token_top = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN CASE WHEN l.token_top + 1 >= @us THEN l.token_top + 1 ELSE @us END + 1000000 ELSE l.token_top END,
    acquired_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN @ms ELSE l.acquired_at END, expires_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN @ms + @claimMs ELSE 0 END, released_at = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN NULL ELSE @ms END,
    holder = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN N'' ELSE l.holder END, label = CASE WHEN (l.line <> '' AND l.line_until > @ms) THEN N'' ELSE l.label END, revoked = 0
  OUTPUT 1 AS freed
  FROM [ops].[distributed_lock] l WITH (XLOCK, ROWLOCK, INDEX([distributed_lock_by_owner]), FORCESEEK)
  WHERE l.name = @key AND (l.owner = @was OR l.owner IS NULL AND @was IS NULL) AND l.expires_at > @ms;
IF @@ROWCOUNT > 0 BREAK;
END;

-- list
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000;
SELECT l.name, l.released_at, l.revoked, l.owner AS owner, l.token, l.token_top, l.acquired_at, l.expires_at, l.holder, l.label, l.line FROM [ops].[distributed_lock] l  WHERE l.expires_at > @ms ORDER BY l.name;

-- inspect
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @key varchar(1400) = @p1;
SELECT l.name, l.released_at, l.revoked, l.owner AS owner, l.token, l.token_top, l.acquired_at, l.expires_at, l.holder, l.label, l.line FROM [ops].[distributed_lock] l WITH (INDEX([distributed_lock_by_name]), FORCESEEK) WHERE l.expires_at > @ms AND l.name = @key;

-- prune
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @idleMs bigint = @p1;
DECLARE @before bigint = @ms - CASE WHEN @idleMs > 10000 THEN @idleMs ELSE 10000 END;
DECLARE @idle TABLE (name varchar(1400) COLLATE Latin1_General_BIN2 NOT NULL);
INSERT INTO @idle (name) SELECT l.name FROM [ops].[distributed_lock] l WHERE l.expires_at <= @before AND (l.released_at IS NULL OR l.released_at <= @before)
    AND (l.line = '' OR l.line_until <= @ms) AND l.token_top < @us;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DELETE l OUTPUT deleted.name
  FROM @idle a JOIN [ops].[distributed_lock] l WITH (UPDLOCK, ROWLOCK, READPAST, INDEX([distributed_lock_by_name]), FORCESEEK) ON l.name = a.name WHERE l.expires_at <= @before AND (l.released_at IS NULL OR l.released_at <= @before)
    AND (l.line = '' OR l.line_until <= @ms) AND l.token_top < @us;

-- examine
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT 1000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000, @table nvarchar(300) = @p1;
DECLARE @replicas int = 0;
IF CONVERT(int, SERVERPROPERTY('EngineEdition')) <> 5
  SELECT @replicas = COUNT(*) FROM sys.availability_replicas r
  JOIN sys.availability_databases_cluster d ON d.group_id = r.group_id
  WHERE d.database_name = DB_NAME() AND r.availability_mode = 0;
SELECT @ms AS now, d.compatibility_level, d.delayed_durability_desc, t.lock_escalation_desc, @replicas AS replicas,
  CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS updateability
FROM sys.databases d LEFT JOIN sys.tables t ON t.object_id = OBJECT_ID(@table) WHERE d.database_id = DB_ID();
SELECT c.name AS [column], CONCAT(
  y.name,
  CASE y.name WHEN 'varchar' THEN CONCAT('(', c.max_length, ')') WHEN 'nvarchar' THEN CONCAT('(', c.max_length / 2, ')') END,
  ' COLLATE ' + c.collation_name,
  CASE c.is_nullable WHEN 0 THEN ' NOT NULL' END) AS definition
FROM sys.columns c JOIN sys.types y ON y.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(@table) ORDER BY c.column_id;
SELECT i.index_id AS [key], c.name AS part FROM sys.indexes i
JOIN sys.index_columns p ON p.object_id = i.object_id AND p.index_id = i.index_id AND p.is_included_column = 0
JOIN sys.columns c ON c.object_id = p.object_id AND c.column_id = p.column_id
WHERE i.object_id = OBJECT_ID(@table) AND i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0
ORDER BY i.is_primary_key DESC, i.index_id, p.key_ordinal;

-- createSql
IF SCHEMA_ID(N'ops') IS NULL EXEC(N'CREATE SCHEMA [ops]');
IF OBJECT_ID(N'[ops].[distributed_lock]') IS NULL CREATE TABLE [ops].[distributed_lock] (
  name varchar(1400) COLLATE Latin1_General_BIN2 NOT NULL,
  owner varchar(32) COLLATE Latin1_General_BIN2 NULL,
  token bigint NOT NULL,
  token_top bigint NOT NULL,
  acquired_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  released_at bigint NULL,
  holder nvarchar(255) COLLATE Latin1_General_BIN2 NOT NULL,
  label nvarchar(255) COLLATE Latin1_General_BIN2 NOT NULL,
  line varchar(2112) COLLATE Latin1_General_BIN2 NOT NULL,
  line_until bigint NOT NULL,
  revoked bit NOT NULL,
  CONSTRAINT [distributed_lock_by_name] PRIMARY KEY NONCLUSTERED (name),
  CONSTRAINT [distributed_lock_by_owner] UNIQUE NONCLUSTERED (name, owner)
);
ALTER TABLE [ops].[distributed_lock] SET (LOCK_ESCALATION = DISABLE);
