-- A ledger as Icehouse made it before orders: schema 1 brought up, with a delivery and a fourth entry of the audit.
BEGIN TRANSACTION;
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	actor TEXT NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	job VARCHAR(12) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,'0000000000000000000000000000000000000000000000000000000000000000','a371646fb938042e9715264d95ed5f96f6bed0eca25f70e7d2a30998a04788bb','2026-11-21T04:15:00.000000Z','somebody(1000)','plan.approved','e722d753bd22','{"objects":3}');
INSERT INTO "audit" VALUES(2,'a371646fb938042e9715264d95ed5f96f6bed0eca25f70e7d2a30998a04788bb','3accf5ef1c8f620aa9a01d1fb9418438e10c05683c7144421fa0cae6030c2445','2026-11-21T04:15:00.000000Z','somebody(1000)','hold.put','','{"reason":"tired"}');
INSERT INTO "audit" VALUES(3,'3accf5ef1c8f620aa9a01d1fb9418438e10c05683c7144421fa0cae6030c2445','23c6d7d563df823f9192a82d11ba5a250a148cd0b173200edd29a4abcd660210','2026-11-21T04:15:01.000000Z','somebody(1000)','worker.started','','{}');
INSERT INTO "audit" VALUES(4,'23c6d7d563df823f9192a82d11ba5a250a148cd0b173200edd29a4abcd660210','1903f4d968bca6f2016087bf659c79c558a99e1883e305c003afbe031b6b9d2f','2026-11-21T04:15:00.000000Z','me(1000)','delivered','','{"delivery":"aaaa00000001"}');
CREATE TABLE audit_head (
	one INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (one)
);
INSERT INTO "audit_head" VALUES(1,4,'1903f4d968bca6f2016087bf659c79c558a99e1883e305c003afbe031b6b9d2f');
CREATE TABLE deliveries (
	id VARCHAR(12) NOT NULL, 
	store TEXT NOT NULL, 
	container TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	made VARCHAR(27) NOT NULL, 
	promised VARCHAR(27) NOT NULL, 
	objects INTEGER NOT NULL, 
	bytes INTEGER NOT NULL, 
	content VARCHAR(64) NOT NULL, 
	"by" TEXT NOT NULL, 
	note TEXT NOT NULL, 
	noted BOOLEAN NOT NULL, 
	mail BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "deliveries" VALUES('aaaa00000001','s','c','out/a/','lab@example.org','2026-11-21T04:15:00.000000Z','2026-12-21T04:15:00.000000Z',2,15,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','me(1000)','{"x": 1}',0,0);
CREATE TABLE delivery_objects (
	delivery VARCHAR(12) NOT NULL, 
	seq INTEGER NOT NULL, 
	container TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	version TEXT, 
	size INTEGER NOT NULL, 
	etag TEXT NOT NULL, 
	PRIMARY KEY (delivery, seq), 
	FOREIGN KEY(delivery) REFERENCES deliveries (id)
)
 WITHOUT ROWID

;
INSERT INTO "delivery_objects" VALUES('aaaa00000001',0,'c','out/a/b-é','v1',10,'e1');
INSERT INTO "delivery_objects" VALUES('aaaa00000001',1,'c','out/a/a',NULL,5,'');
CREATE TABLE holds (
	id VARCHAR(12) NOT NULL, 
	store TEXT NOT NULL, 
	container TEXT NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	path TEXT NOT NULL, 
	version TEXT, 
	by_id BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "holds" VALUES('d1cec14e8db0','s','c','folder','keep/',NULL,0,'being published','somebody(1000)','2026-11-21T04:15:00.000000Z');
INSERT INTO "holds" VALUES('a628b58401ff','s','c','object','ab','v1',1,'wanted','somebody(1000)','2026-11-21T04:15:00.000000Z');
CREATE TABLE issues (
	seq INTEGER NOT NULL, 
	delivery VARCHAR(12) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	until VARCHAR(27) NOT NULL, 
	"by" TEXT NOT NULL, 
	how VARCHAR(16) NOT NULL, 
	links INTEGER NOT NULL, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(delivery) REFERENCES deliveries (id)
);
CREATE TABLE jobs (
	id VARCHAR(12) NOT NULL, 
	"plan" VARCHAR(12) NOT NULL, 
	verb VARCHAR(16) NOT NULL, 
	store TEXT NOT NULL, 
	title TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created VARCHAR(27) NOT NULL, 
	updated VARCHAR(27) NOT NULL, 
	note TEXT NOT NULL, 
	tier VARCHAR(16) NOT NULL, 
	ready_by VARCHAR(27), 
	falls_cold VARCHAR(27), 
	not_before VARCHAR(27), 
	rate FLOAT NOT NULL, 
	retry_of VARCHAR(12) NOT NULL, 
	steps INTEGER NOT NULL, 
	to_send INTEGER NOT NULL, 
	sent INTEGER NOT NULL, 
	ready INTEGER NOT NULL, 
	ended INTEGER NOT NULL, 
	bytes_total INTEGER NOT NULL, 
	bytes_ready INTEGER NOT NULL, 
	n_ok INTEGER NOT NULL, 
	n_notneeded INTEGER NOT NULL, 
	n_impossible INTEGER NOT NULL, 
	n_conflict INTEGER NOT NULL, 
	n_unknown INTEGER NOT NULL, 
	n_cancelled INTEGER NOT NULL, 
	n_error INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE ("plan"), 
	FOREIGN KEY("plan") REFERENCES plans (id)
);
INSERT INTO "jobs" VALUES('e722d753bd22','e722d753bd22','restore','s','test','queued','2026-11-21T04:15:00.000000Z','2026-11-21T04:15:00.000000Z','','bulk',NULL,NULL,NULL,0.0,'',3,3,0,0,0,3,0,0,0,0,0,0,0,0);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	held BOOLEAN NOT NULL, 
	host TEXT NOT NULL, 
	boot TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started TEXT NOT NULL, 
	beat FLOAT NOT NULL, 
	beat_wall VARCHAR(27) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE outbox (
	id TEXT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	"to" TEXT NOT NULL, 
	reached TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	text TEXT NOT NULL, 
	html TEXT NOT NULL, 
	made VARCHAR(27) NOT NULL, 
	tries INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	next_try VARCHAR(27), 
	sent VARCHAR(27), 
	PRIMARY KEY (id)
);
CREATE TABLE plans (
	id VARCHAR(12) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	header TEXT NOT NULL, 
	approved_at VARCHAR(27) NOT NULL, 
	approved_by TEXT NOT NULL, 
	approved_how TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "plans" VALUES('e722d753bd22','e722d753bd22b1f52bf0a392b626637aa56c88d2dfe8f81a436b8d87a95ae9a0','{"addresses": ["s:c/"], "complete": true, "cost": {"copies": 0, "requests": 0, "retrieval": 0}, "frozen_at": "2026-11-21T04:15:00.000000Z", "identity": {"account": "1", "principal": "me", "server": "here"}, "not_before": null, "prices_of": "none", "seen_at": "2026-11-21T04:15:00.000000Z", "store": "s", "verb": "restore", "wish": {"days": 7, "exclude": [], "include": [], "speed_up": false, "tier": "bulk"}}','2026-11-21T04:15:00.000000Z','test','test');
CREATE TABLE steps (
	job VARCHAR(12) NOT NULL, 
	seq INTEGER NOT NULL, 
	container TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	version TEXT, 
	size INTEGER NOT NULL, 
	etag TEXT NOT NULL, 
	cold_word TEXT NOT NULL, 
	act VARCHAR(16) NOT NULL, 
	days INTEGER, 
	tier VARCHAR(16), 
	seen_until VARCHAR(27), 
	expected VARCHAR(16), 
	phase VARCHAR(16) NOT NULL, 
	outcome VARCHAR(16), 
	reason TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	at VARCHAR(27), 
	accepted_at VARCHAR(27), 
	ours BOOLEAN NOT NULL, 
	until VARCHAR(27), 
	PRIMARY KEY (job, seq)
)
 WITHOUT ROWID

;
INSERT INTO "steps" VALUES('e722d753bd22',0,'c','folder/object-0000000',NULL,1,'e','GLACIER','request',7,'bulk',NULL,NULL,'pending',NULL,'','',NULL,NULL,0,NULL);
INSERT INTO "steps" VALUES('e722d753bd22',1,'c','folder/object-0000001',NULL,1,'e','GLACIER','request',7,'bulk',NULL,NULL,'pending',NULL,'','',NULL,NULL,0,NULL);
INSERT INTO "steps" VALUES('e722d753bd22',2,'c','folder/object-0000002',NULL,1,'e','GLACIER','request',7,'bulk',NULL,NULL,'pending',NULL,'','',NULL,NULL,0,NULL);
CREATE TABLE told (
	address TEXT NOT NULL, 
	delivery VARCHAR(12) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	mail TEXT NOT NULL, 
	PRIMARY KEY (address, delivery, fingerprint, mail), 
	FOREIGN KEY(mail) REFERENCES outbox (id)
)
 WITHOUT ROWID

;
CREATE INDEX steps_by_outcome ON steps (job, outcome, seq);
CREATE INDEX steps_by_phase ON steps (job, phase, seq);
CREATE INDEX audit_by_job ON audit (job, seq);
CREATE INDEX holds_by_place ON holds (store, container, path);
CREATE INDEX jobs_by_state ON jobs (state, store);
CREATE INDEX deliveries_by_place ON deliveries (store, container, prefix);
CREATE INDEX outbox_by_reached ON outbox (reached, made);
CREATE INDEX outbox_by_next_try ON outbox (next_try);
CREATE INDEX issues_by_delivery ON issues (delivery, seq);
CREATE INDEX told_by_mail ON told (mail);
PRAGMA user_version = 2;
COMMIT;
