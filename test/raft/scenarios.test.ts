import { describeScenarios } from '../support/datadriven.ts';
import { beginStory } from './support/story.ts';

describeScenarios(new URL('../scenarios/raft/', import.meta.url), beginStory);
